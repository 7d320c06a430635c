package stack_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/infra/tests/customer"
	"signpost/shared/version"
)

// TestNoticesAreLogged: the events for the vendor's bus are logged, with a new
// table of the project's template and with an existing one.
func TestNoticesAreLogged(t *testing.T) {
	o := optionsOf(t, "template.yaml", nil)
	for _, notice := range []string{"installation.activated", "installation.removed"} {
		s := customer.StartWith(t, o)
		_, err := customer.Table(s.DynamoDBURL()).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String(s.TableName()), Item: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "org#o#app"}, "sk": &types.AttributeValueMemberS{Value: "installation"},
			"appId":  &types.AttributeValueMemberS{Value: "app"},
			"notice": &types.AttributeValueMemberS{Value: notice}, "version": &types.AttributeValueMemberN{Value: "7"},
			"refreshToken": &types.AttributeValueMemberB{Value: []byte("geheim")},
		}})
		if err != nil {
			t.Fatal(err)
		}
		want := "notices | " + notice + ` {"type":"` + notice +
			`","orgKey":"o","orgId":"","orgName":"","appId":"app","region":"","state":"","generation":"","version":7,"signpostVersion":"` + version.Version + `"}`
		for deadline := time.Now().Add(10 * time.Second); !strings.Contains(s.Logs(), want); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s is not in the log:\n%s", want, s.Logs())
			}
		}
		if strings.Count(s.Logs(), "notices |") != 1 {
			t.Errorf("more than one event is logged:\n%s", s.Logs())
		}
		s.Stop()
	}
}
