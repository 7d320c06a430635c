package contract_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/infra/local/stack"
	"signpost/shared/webex/webextest"
)

// tableOf is a client for a stack's table.
func tableOf(s *stack.Stack) *dynamodb.Client {
	return dynamodb.New(dynamodb.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(s.DynamoDBURL()),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

// tableText is all that the table holds, bytes as they are.
func tableText(s *stack.Stack) (string, error) {
	var text strings.Builder
	pages := dynamodb.NewScanPaginator(tableOf(s), &dynamodb.ScanInput{TableName: aws.String(s.TableName())})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.Background())
		if err != nil {
			return "", err
		}
		for _, item := range page.Items {
			writeValue(&text, &types.AttributeValueMemberM{Value: item})
		}
	}
	return text.String(), nil
}

func writeValue(text *strings.Builder, value types.AttributeValue) {
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		fmt.Fprintln(text, value.Value)
	case *types.AttributeValueMemberB:
		fmt.Fprintf(text, "%s\n", value.Value)
	case *types.AttributeValueMemberM:
		for name, member := range value.Value {
			fmt.Fprint(text, name, "=")
			writeValue(text, member)
		}
	case *types.AttributeValueMemberL:
		for _, member := range value.Value {
			writeValue(text, member)
		}
	default:
		fmt.Fprintln(text, value)
	}
}

// TestStoredBeforeWebexIsCalled: at the first call to Webex the table knows of
// the activation.
func TestStoredBeforeWebexIsCalled(t *testing.T) {
	t.Parallel()
	s := otherStack(t, nil) // whose requests are one customer's
	c := customerOf(t, s, west)
	code := c.activation(nil)
	var atFirstCall string
	s.Webex().OnRequest(func(r webextest.Request) {
		if r.Kind == webextest.KindJWKS || atFirstCall != "" {
			return
		}
		text, err := tableText(s)
		if err != nil {
			t.Error(err)
		}
		atFirstCall = r.Kind + " " + text
		s.Webex().OnRequest(nil)
	})
	c.postActivation(code).want(t, 200)
	if !strings.HasPrefix(atFirstCall, webextest.KindToken) || !strings.Contains(atFirstCall, c.org.ID()) {
		t.Errorf("at the first call to Webex the table held %q", atFirstCall)
	}
}

// TestNothingSecretIsWrittenDown plays a customer's life with its failures and
// looks for what was secret in it, in the log, in the table and in the files
// under it.
func TestNothingSecretIsWrittenDown(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	s, err := startStack(folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	c := customerOf(t, s, west)
	secrets := c.life()
	table, err := tableText(s)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(table, c.org.ID()) || !strings.Contains(s.Logs(), "POST /launches/{code}") {
		t.Fatal("the customer left no trace at all: the test looks in the wrong place")
	}
	s.Stop()
	places := map[string][]byte{"the log": []byte(s.Logs()), "the table": []byte(table)}
	files, err := filepath.Glob(filepath.Join(folder, "dynamodb*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files of the table: %v", err)
	}
	for _, file := range files {
		if places[file], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	for name, secret := range secrets {
		if secret == "" {
			t.Errorf("%s is empty", name)
		}
		for place, content := range places {
			for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))} {
				if bytes.Contains(content, []byte(form)) {
					t.Errorf("%s is in %s", name, place)
				}
			}
		}
	}
}

// life is a customer's life, with failures; it returns all that was secret.
func (c *customer) life() map[string]string {
	c.Helper()
	const access, refresh = "access-token-0a6b5e1c93d7482f", "refresh-token-f8271d40c6be953a"
	secrets := map[string]string{
		"client secret": c.cloud.ClientSecret(), "new content key": newKey, "old content key": oldKey,
		"access token": access, "rotated refresh token": refresh,
	}
	// An exchange that answers what the test knows; the tokens work nowhere.
	c.fault(webextest.Fault{Kind: webextest.KindToken, Times: 1, ContentType: "application/json", Body: fmt.Sprintf(
		`{"access_token":%q,"expires_in":64799,"refresh_token":%q,"refresh_token_expires_in":7776000}`, access, refresh)})
	secrets["first activation code"] = c.activation(nil)
	secrets["first refresh token"] = c.cloud.RefreshToken(c.org.ID())
	c.postActivation(secrets["first activation code"])
	secrets["forged activation code"] = forged(c.activation(nil))
	c.postActivation(secrets["forged activation code"]).wantProblem(c.T, "bad_signature")
	secrets["activation code"] = c.activation(nil)
	secrets["refresh token"] = c.cloud.RefreshToken(c.org.ID())
	c.postActivation(secrets["activation code"]).want(c.T, 200)
	c.fault(webextest.Fault{Kind: webextest.KindSignage, Status: 401, Times: 2})
	secrets["action token"] = c.token("updateApproved", nil)
	for range 2 {
		c.act(secrets["action token"])
	}
	secrets["launch token"] = c.token("crossLaunch", nil)
	got := c.launchWith(secrets["launch token"], webextest.DigitalSignage, "assignContent", object{"devices": sameDevices(2)})
	secrets["launch code"] = got.launchCode(c.T)
	c.redeemWith(secrets["launch code"], bearer("wrong-key-11d2c7")).wantProblem(c.T, "unauthorized")
	secrets["wrong key"] = "wrong-key-11d2c7"
	for _, status := range []int{200, 404} {
		c.redeem(secrets["launch code"]).want(c.T, status)
	}
	secrets["unredeemed launch code"] = c.code(nil)
	secrets["made-up launch code"] = strings.Repeat("Zq", 21) + "Z"
	c.redeem(secrets["made-up launch code"]).wantProblem(c.T, "unknown_launch")
	c.cloud.SetRotateRefreshTokens(true)
	c.cloud.RevokeAccessTokens(c.org.ID())
	c.verify().want(c.T, 200)
	secrets["refresh token that Webex rotated"] = c.cloud.RefreshToken(c.org.ID())
	c.cloud.RevokeRefreshToken(c.org.ID())
	c.cloud.RevokeAccessTokens(c.org.ID())
	c.verify().want(c.T, 200)
	return secrets
}
