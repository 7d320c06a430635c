package permissions

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"signpost/infra/local/lambda"
	"signpost/infra/local/stack"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/secret/sealing"
	"signpost/shared/webex/webextest"
)

// ofLambda are actions that Lambda itself takes with a function's role: what it
// does with a scheduled run that failed.
var ofLambda = map[string][]string{
	"VerifyConfigsFunction": {"sqs:SendMessage on the queue of failures"},
}

// TestFunctionsAreAllowedWhatTheyDo: no less, and no more.
func TestFunctionsAreAllowedWhatTheyDo(t *testing.T) {
	allowed := statements(t)
	story := newStory(t)
	story.play()
	if len(story.recorder.strange) > 0 {
		t.Errorf("calls that are not understood: %v", story.recorder.strange)
	}
	for function, lines := range allowed {
		for _, line := range ofLambda[function] {
			if !lines[line] {
				t.Errorf("%s: %s is missing", function, line)
			}
			delete(lines, line)
		}
		want := slices.Sorted(maps.Keys(story.recorder.needs[function]))
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(lines))); diff != "" {
			t.Errorf("%s (-needed +allowed):\n%s", function, diff)
		}
	}
}

// story is a stack of built functions behind the recorder.
type story struct {
	*testing.T
	recorder *recorder
	stack    *stack.Stack
	table    *dynamodb.Client // not recorded
	cloud    *webextest.Cloud
	url      string
	code     string // of the last launch
}

const contentKey = "content-key"

func newStory(t *testing.T) *story {
	t.Helper()
	keyset, err := sealing.NewDocument()
	if err != nil {
		t.Fatal(err)
	}
	secret, err := json.Marshal(map[string]any{"clientSecret": "client-secret", "contentApiKey": contentKey, "tokenKeyset": json.RawMessage(keyset)})
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "secrets.json"), secret, 0o600); err != nil {
		t.Fatal(err)
	}
	endpoint := dynamotest.Config(t).BaseEndpoint
	recorder, err := newRecorder(*endpoint, string(secret))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(recorder)
	t.Cleanup(server.Close)
	s, err := stack.Start(t.Context(), stack.Options{
		Root: root, EphemeralPorts: true, DataDir: data, ScheduleEvery: stack.ScheduleOff,
		Environment: map[string]string{
			"AWS_ENDPOINT_URL_DYNAMODB": server.URL, "AWS_ENDPOINT_URL_SECRETS_MANAGER": server.URL, "SECRET_ID": "secret",
			"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local",
			"INSTALLATIONS_TABLE": rand.Text(), // the emulator is all tests'
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	// New processes at the next call, which then read their secret under watch.
	s.SetEnvironment(map[string]string{"VENDOR_NAME": "Story"})
	table := dynamodb.New(dynamodb.Options{
		Region: "us-east-1", BaseEndpoint: endpoint, Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	return &story{T: t, recorder: recorder, stack: s, table: table, cloud: s.Webex(), url: s.URL()}
}

// play uses every function, and every branch of theirs that calls AWS.
func (s *story) play() {
	customer := s.cloud.AddOrganization("Customer", "us-west-2_r").ID()
	s.webex("ActivationFunction", 200, s.activate(customer))
	s.launch(customer, "AssignContentFunction", webextest.TaskAssignContent)
	s.launch(customer, "ManageContentFunction", webextest.TaskManageContent)
	s.verify()

	s.webex("UpdateApprovedFunction", 200, s.health(customer))
	s.webex("UpdateApprovedFunction", 200, func(ctx context.Context) (webextest.Reply, error) {
		return s.cloud.ApproveUpdate(ctx, customer, []string{"digital_signage", "persistent_web_app"})
	})
	s.webex("UpdateApprovedFunction", 200, func(ctx context.Context) (webextest.Reply, error) {
		return s.cloud.Move(ctx, customer, "eu-central-1_k", webextest.MoveOptions{SignedBy: "new", NewRefreshToken: true})
	})
	s.verify()

	// What Webex is not there for is left to the schedule.
	late := s.cloud.AddOrganization("Late customer", "us-west-2_r").ID()
	s.cloud.Inject(webextest.Fault{Kind: webextest.KindToken, Status: 503})
	s.webex("ActivationFunction", 503, s.activate(late))
	s.cloud.ClearFaults()
	s.verifyUntil(func() bool {
		installation, ok := s.cloud.Installation(late)
		return ok && installation.ActionsURL != ""
	})
	s.cloud.RevokeRefreshToken(late)
	s.cloud.RevokeAccessTokens(late)
	s.verify()
	s.webex("UpdateApprovedFunction", 200, func(ctx context.Context) (webextest.Reply, error) { return s.cloud.Deprovision(ctx, customer) })
}

// webex has Webex call a function.
func (s *story) webex(function string, status int, call func(context.Context) (webextest.Reply, error)) webextest.Reply {
	s.Helper()
	var reply webextest.Reply
	var err error
	for range 5 { // on a busy machine an answer may be late
		s.recorder.watch(function, func() { reply, err = call(s.Context()) })
		if err == nil && reply.Status == status {
			return reply
		}
	}
	s.Fatalf("%s: %d %s %v", function, reply.Status, reply.Body, err)
	return reply
}

// launch launches the vendor's page, whose server redeems the launch.
func (s *story) launch(customer, function, task string) {
	s.Helper()
	s.cross(customer, function, task)
	s.redeem()
}

func (s *story) cross(customer, function, task string) {
	s.Helper()
	reply := s.webex(function, 200, func(ctx context.Context) (webextest.Reply, error) {
		return s.cloud.CrossLaunch(ctx, customer, "digital_signage", task, []string{"device"})
	})
	opened, err := url.Parse(reply.RedirectURL)
	if err != nil {
		s.Fatal(err)
	}
	s.code = opened.Query().Get("launch")
}

func (s *story) redeem() {
	s.Helper()
	s.recorder.watch("LaunchesFunction", func() {
		request, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url+"/launches/"+s.code, bytes.NewReader(nil))
		if err != nil {
			s.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+contentKey)
		response, err := http.DefaultClient.Do(request)
		if err != nil || response.StatusCode != 200 {
			s.Fatalf("redeem: %v %v", response, err)
		}
		_ = response.Body.Close()
	})
}

func (s *story) activate(customer string) func(context.Context) (webextest.Reply, error) {
	return func(ctx context.Context) (webextest.Reply, error) { return s.cloud.Activate(ctx, customer) }
}

func (s *story) health(customer string) func(context.Context) (webextest.Reply, error) {
	return func(ctx context.Context) (webextest.Reply, error) { return s.cloud.HealthCheck(ctx, customer) }
}

// verify runs the schedule once everything is due.
func (s *story) verify() {
	s.Helper()
	s.makeDue()
	s.run()
}

// makeDue makes every row that has a next look due now, behind the functions'
// back.
func (s *story) makeDue() {
	s.Helper()
	rows, err := s.table.Scan(s.Context(), &dynamodb.ScanInput{
		TableName: aws.String(s.stack.TableName()), IndexName: aws.String("due"),
	})
	if err != nil {
		s.Fatal(err)
	}
	for _, row := range rows.Items {
		_, err := s.table.UpdateItem(s.Context(), &dynamodb.UpdateItemInput{
			TableName: aws.String(s.stack.TableName()), Key: map[string]types.AttributeValue{"pk": row["pk"], "sk": row["sk"]},
			UpdateExpression:          aws.String("SET dueAt = :due"),
			ExpressionAttributeValues: map[string]types.AttributeValue{":due": &types.AttributeValueMemberN{Value: strconv.FormatInt(time.Now().UnixMilli(), 10)}},
		})
		if err != nil {
			s.Fatal(err)
		}
	}
}

// run runs the schedule for what is due.
func (s *story) run() {
	s.Helper()
	s.recorder.watch("VerifyConfigsFunction", func() {
		result, err := s.stack.Invoke(s.Context(), "VerifyConfigsFunction", []byte("{}"))
		if err != nil || result.Outcome != lambda.OK {
			s.Fatalf("verify: %v %s", err, result.Payload)
		}
	})
}

func (s *story) verifyUntil(done func() bool) {
	s.Helper()
	for range 40 {
		if s.verify(); done() {
			return
		}
	}
	s.Fatal("the schedule does not finish what was left to it")
}
