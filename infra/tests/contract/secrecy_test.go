package contract_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"signpost/infra/local/stack"
	"signpost/infra/tests/customer"
	"signpost/shared/webex/webextest"
)

// tableText is all that the table holds.
func tableText(s *stack.Stack) (string, error) {
	rows, err := customer.Rows(s)
	return strings.Join(slices.Collect(maps.Values(rows)), "\n"), err
}

// TestStoredBeforeWebexIsCalled: at the first call to Webex the table holds the
// activation.
func TestStoredBeforeWebexIsCalled(t *testing.T) {
	t.Parallel()
	s := customer.StartFor(t, nil) // its only requests are this customer's
	c := customer.New(t, s, west)
	code := c.Activation(nil)
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
	c.PostActivation(code).Want(t, 200)
	if !strings.HasPrefix(atFirstCall, webextest.KindToken) || !strings.Contains(atFirstCall, c.Org.ID()) {
		t.Errorf("at the first call to Webex the table held %q", atFirstCall)
	}
}

// TestNoSecretIsStoredOrLogged plays a customer's life cycle with failures and
// searches the log, the table and the table's files for its secrets.
func TestNoSecretIsStoredOrLogged(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	environment, err := customer.Environment(nil)
	if err != nil {
		t.Fatal(err)
	}
	options := customer.Options(folder, environment)
	options.TableInMemory = false // its files are searched
	s := customer.StartWith(t, options)
	c := customer.New(t, s, west)
	secrets := life(c)
	table, err := tableText(s)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(table, c.Org.ID()) || !strings.Contains(s.Logs(), "POST /launches/{code}") {
		t.Fatal("neither table nor log mentions the customer: the test searches the wrong place")
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

// life plays a customer's life cycle with failures and returns its secrets.
func life(c *client) map[string]string {
	c.Helper()
	const access, refresh = "access-token-0a6b5e1c93d7482f", "refresh-token-f8271d40c6be953a"
	secrets := map[string]string{
		"client secret": c.Cloud.ClientSecret(), "new content key": customer.NewKey, "old content key": customer.OldKey,
		"access token": access, "rotated refresh token": refresh,
	}
	// An exchange with tokens that the test knows, which are not valid.
	c.Fault(webextest.Fault{Kind: webextest.KindToken, Times: 1, ContentType: "application/json", Body: fmt.Sprintf(
		`{"access_token":%q,"expires_in":64799,"refresh_token":%q,"refresh_token_expires_in":7776000}`, access, refresh)})
	secrets["first activation code"] = c.Activation(nil)
	secrets["first refresh token"] = c.Cloud.RefreshToken(c.Org.ID())
	c.PostActivation(secrets["first activation code"])
	secrets["forged activation code"] = forged(c.Activation(nil))
	c.PostActivation(secrets["forged activation code"]).WantProblem(c.T, "bad_signature")
	secrets["activation code"] = c.Activation(nil)
	secrets["refresh token"] = c.Cloud.RefreshToken(c.Org.ID())
	c.PostActivation(secrets["activation code"]).Want(c.T, 200)
	c.Fault(webextest.Fault{Kind: webextest.KindSignage, Status: 401, Times: 2})
	secrets["action token"] = c.Token("updateApproved", nil)
	for range 2 {
		c.Act(secrets["action token"])
	}
	secrets["launch token"] = c.Token("crossLaunch", nil)
	got := c.LaunchWith(secrets["launch token"], webextest.DigitalSignage, "assignContent", object{"devices": sameDevices(2)})
	secrets["launch code"] = got.LaunchCode(c.T)
	c.RedeemWith(secrets["launch code"], customer.Bearer("wrong-key-11d2c7")).WantProblem(c.T, "unauthorized")
	secrets["wrong key"] = "wrong-key-11d2c7"
	for _, status := range []int{200, 404} {
		c.Redeem(secrets["launch code"]).Want(c.T, status)
	}
	secrets["unredeemed launch code"] = c.Code(nil)
	secrets["made-up launch code"] = strings.Repeat("Zq", 21) + "Z"
	c.Redeem(secrets["made-up launch code"]).WantProblem(c.T, "unknown_launch")
	c.Cloud.SetRotateRefreshTokens(true)
	c.RevokeAccess()
	c.Verify().Want(c.T, 200)
	secrets["refresh token that Webex rotated"] = c.Cloud.RefreshToken(c.Org.ID())
	c.Cloud.RevokeRefreshToken(c.Org.ID())
	c.RevokeAccess()
	c.Verify().Want(c.T, 200)
	return secrets
}
