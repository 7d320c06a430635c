package stack_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/version"
)

// TestNoticesAreLogged: what the pipe would tell the vendor is in the log, on
// the project's own table, whether or not it existed before.
func TestNoticesAreLogged(t *testing.T) {
	o := options(t, nil)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o.Template = filepath.Join(o.Root, "template.yaml")
	for _, name := range []string{"activation", "updateapproved", "assigncontent", "managecontent", "launches", "verifyconfigs"} {
		if err := os.Symlink(self, filepath.Join(o.Binaries, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, notice := range []string{"installation.activated", "installation.removed"} {
		s := start(t, o)
		client := dynamodb.New(dynamodb.Options{
			Region: "us-east-1", BaseEndpoint: aws.String(s.DynamoDBURL()),
			Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
		})
		_, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(s.TableName()), Item: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "org#o"}, "sk": &types.AttributeValueMemberS{Value: "installation"},
			"notice": &types.AttributeValueMemberS{Value: notice}, "version": &types.AttributeValueMemberN{Value: "7"},
			"refreshToken": &types.AttributeValueMemberB{Value: []byte("geheim")},
		}})
		if err != nil {
			t.Fatal(err)
		}
		want := "notices | " + notice + ` {"type":"` + notice +
			`","orgKey":"o","orgId":"","orgName":"","appId":"","region":"","state":"","generation":"","version":7,"signpostVersion":"` + version.Version + `"}`
		for deadline := time.Now().Add(10 * time.Second); !strings.Contains(s.Logs(), want); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s is not in the log:\n%s", want, s.Logs())
			}
		}
		if strings.Count(s.Logs(), "notices |") != 1 {
			t.Errorf("more is told:\n%s", s.Logs())
		}
		s.Stop()
	}
}
