package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
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
func amazon(t *testing.T, answers map[string]string) account {
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

func TestLeft(t *testing.T) {
	const name = "signpost-prod-installations"
	ids := map[string]string{"TableName": name}
	for _, test := range []struct {
		name    string
		stage   string
		answers map[string]string
		want    mapping
		err     string
	}{
		{"nothing", "prod", nil, mapping{}, ""},
		{"all", "prod", map[string]string{name: table(tableKey), "signpost-prod/integration": secret("i", tableKey), "signpost-prod/content": secret("c", tableKey)},
			mapping{"InstallationsTable": ids, "DataKey": {"KeyId": tableKey}, "IntegrationSecret": {"Id": arn + "i-Ab1"}, "ContentSecret": {"Id": arn + "c-Ab1"}}, ""},
		{"secrets alone", "prod", map[string]string{"signpost-prod/content": secret("c", "2")},
			mapping{"DataKey": {"KeyId": "2"}, "ContentSecret": {"Id": arn + "c-Ab1"}}, ""},
		{"AWS's own key", "dev", map[string]string{"signpost-dev-installations": `{"Table": {}}`},
			mapping{"InstallationsTable": {"TableName": "signpost-dev-installations"}}, ""},
		{"two keys", "prod", map[string]string{name: table(tableKey), "signpost-prod/integration": secret("i", "2")}, nil, "different keys"},
		{"a secret that is to be deleted", "prod", map[string]string{"signpost-prod/integration": `{"ARN": "x", "DeletedDate": 1.7e9}`}, nil, "restore it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := left(t.Context(), amazon(t, test.answers), stage.Settings{Name: test.stage})
			if (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestOnlyAFirstDeploymentAdopts: where the settings know of a deployment AWS is
// not asked, and a mapping of an earlier time is gone.
func TestOnlyAFirstDeploymentAdopts(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "left.json")
	settings := stage.Settings{Name: "dev", Deployment: stage.Deployment{APIURL: "https://a.execute-api.us-east-1.amazonaws.com", Table: "table"}}
	if err := errors.Join(settings.Write(root), os.WriteFile(file, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	asked := 0
	adopt := func(forget bool) {
		t.Helper()
		if err := run(t.Context(), root, "dev", file, forget, func(context.Context) (account, error) {
			asked++
			return amazon(t, map[string]string{"signpost-dev-installations": `{"Table": {}}`}), nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	adopt(false)
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) || asked > 0 {
		t.Errorf("deployed: the file: %v, asked %d times", err, asked)
	}
	adopt(true)
	read, _, err := stage.Read(root, "dev")
	if err != nil || !read.Deployed() || asked != 1 {
		t.Errorf("the stack of another region was deleted: %+v %v", read.Deployment, err)
	}
	read.Deployment.APIURL = "https://a.execute-api.eu-west-1.amazonaws.com"
	if err := read.Write(root); err != nil {
		t.Fatal(err)
	}
	adopt(true)
	if read, _, err := stage.Read(root, "dev"); err != nil || read.Deployed() || read.Deployment.Table != "table" {
		t.Errorf("forgotten: %+v %v", read.Deployment, err)
	}
	adopt(false)
	text, err := os.ReadFile(file)
	if err != nil || asked != 3 || !strings.Contains(string(text), `"TableName": "signpost-dev-installations"`) {
		t.Errorf("%s %v, asked %d times", text, err, asked)
	}
}
