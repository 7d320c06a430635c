package adopt

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/google/go-cmp/cmp"

	"signpost/infra/stage"
)

const (
	tableKey = "1111"
	arn      = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"
)

// amazon answers DescribeTable and DescribeSecret by name, as AWS does.
func amazon(t *testing.T, answers map[string]string) Account {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ TableName, SecretId string }
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		answer, found := answers[asked.TableName+asked.SecretId]
		if !found {
			w.WriteHeader(http.StatusBadRequest)
			answer = `{"__type": "ResourceNotFoundException", "message": "not found"}`
		}
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(server.Close)
	settings := aws.Config{Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	return realAccount{settings.Region, dynamodb.NewFromConfig(settings), secretsmanager.NewFromConfig(settings)}
}

func table(key string) string {
	return `{"Table": {"SSEDescription": {"KMSMasterKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/` + key + `"}}}`
}

func secret(name, key string) string {
	return `{"ARN": "` + arn + name + `-Ab1", "KmsKeyId": "arn:aws:kms:eu-west-1:123456789012:key/` + key + `"}`
}

func TestRetained(t *testing.T) {
	const name = "signpost-prod-installations"
	ids := map[string]string{"TableName": name}
	for _, test := range []struct {
		name    string
		stage   string
		answers map[string]string
		want    Mapping
		err     string
	}{
		{"nothing", "prod", nil, Mapping{}, ""},
		{"all", "prod", map[string]string{name: table(tableKey), "signpost-prod/integration": secret("i", tableKey), "signpost-prod/content": secret("c", tableKey)},
			Mapping{"InstallationsTable": ids, "DataKey": {"KeyId": tableKey}, "IntegrationSecret": {"Id": arn + "i-Ab1"}, "ContentSecret": {"Id": arn + "c-Ab1"}}, ""},
		{"secrets alone", "prod", map[string]string{"signpost-prod/content": secret("c", "2")},
			Mapping{"DataKey": {"KeyId": "2"}, "ContentSecret": {"Id": arn + "c-Ab1"}}, ""},
		{"AWS's own key", "dev", map[string]string{"signpost-dev-installations": `{"Table": {}}`},
			Mapping{"InstallationsTable": {"TableName": "signpost-dev-installations"}}, ""},
		{"two keys", "prod", map[string]string{name: table(tableKey), "signpost-prod/integration": secret("i", "2")}, nil, "different keys"},
		{"a secret scheduled for deletion", "prod", map[string]string{"signpost-prod/integration": `{"ARN": "x", "DeletedDate": 1.7e9}`}, nil, "restore it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := Retained(t.Context(), amazon(t, test.answers), stage.Settings{Name: test.stage})
			if (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestForget: only an address in the region of the deleted stack is removed.
func TestForget(t *testing.T) {
	folder := t.TempDir()
	for region, forgotten := range map[string]bool{"us-east-1": false, "eu-west-1": true} {
		settings := stage.Settings{Name: "dev", Deployment: stage.Deployment{APIURL: "https://a.execute-api." + region + ".amazonaws.com", Table: "table"}}
		if err := errors.Join(settings.Write(folder), Forget(amazon(t, nil), folder, settings)); err != nil {
			t.Fatal(err)
		}
		if read, _, err := stage.Read(folder, "dev"); err != nil || read.Deployed() == forgotten || read.Deployment.Table != "table" {
			t.Errorf("%s: %+v %v", region, read.Deployment, err)
		}
	}
}
