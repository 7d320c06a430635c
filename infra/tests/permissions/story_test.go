package permissions

import (
	"crypto/rand"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/infra/local/lambda"
	"signpost/infra/tests/customer"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/invitation"
	"signpost/shared/secret/sealing"
	"signpost/shared/webex/webextest"
)

// ofLambda are actions that Lambda itself takes with a function's role: it
// reports a scheduled run that failed.
var ofLambda = map[string][]string{verifyConfigs: {"sqs:SendMessage on the queue of failures"}}

// TestFunctionsAreAllowedWhatTheyDo, no less and no more.
func TestFunctionsAreAllowedWhatTheyDo(t *testing.T) {
	allowed := statements(t)
	story := newStory(t)
	story.play()
	if len(story.recorder.unknown) > 0 {
		t.Errorf("unknown calls: %v", story.recorder.unknown)
	}
	for function, lines := range allowed {
		for _, line := range ofLambda[function] {
			if !lines[line] {
				t.Errorf("%s: %s is missing", function, line)
			}
			delete(lines, line)
		}
		needs := story.recorder.needs[function]
		for _, action := range []string{"dynamodb:Query", "dynamodb:GetItem"} {
			if lines[action+" on its table"] {
				delete(needs, action+" on the registry in its table")
			}
		}
		want := slices.Sorted(maps.Keys(needs))
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(lines))); diff != "" {
			t.Errorf("%s (-needed +allowed):\n%s", function, diff)
		}
	}
}

// story is a customer of a stack whose functions' calls to AWS are recorded.
type story struct {
	*customer.Customer
	recorder *recorder
}

// The functions, by their logical ids.
const (
	activation     = "ActivationFunction"
	updateApproved = "UpdateApprovedFunction"
	assignContent  = "AssignContentFunction"
	manageContent  = "ManageContentFunction"
	launches       = "LaunchesFunction"
	installations  = "InstallationsFunction"
	verifyConfigs  = "VerifyConfigsFunction"
)

func newStory(t *testing.T) *story {
	t.Helper()
	keyset, err := sealing.NewDocument()
	if err != nil {
		t.Fatal(err)
	}
	data, secret := t.TempDir(), customer.SecretDocument(keyset, customer.NewKey)
	if err := os.WriteFile(filepath.Join(data, "secrets.json"), []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	recorder, err := newRecorder(*dynamotest.Config(t).BaseEndpoint, secret)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(recorder)
	t.Cleanup(server.Close)
	s := customer.StartWith(t, customer.Options(data, map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": server.URL, "AWS_ENDPOINT_URL_SECRETS_MANAGER": server.URL, "SECRET_ID": "secret",
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local",
		"CONTENT_URL": customer.ContentURL, "INSTALLATIONS_TABLE": rand.Text(), // all tests share the emulator
	}))
	// The next call starts new processes, which read their secret while recorded.
	s.SetEnvironment(map[string]string{"VENDOR_NAME": "Story"})
	return &story{customer.New(t, s, customer.West), recorder}
}

// play uses every function, and every branch of theirs that calls AWS.
func (s *story) play() {
	s.call(activation, 200, s.activate)
	s.invited()
	for _, task := range []string{assignContent, manageContent} {
		s.redeem(s.launch(task))
		s.call(task, 403, func() customer.Answer {
			return s.LaunchWith(s.Token(webextest.ActionCrossLaunch, customer.Object{"appId": customer.OtherApp}), webextest.DigitalSignage, tasks[task], nil)
		})
	}
	s.vendor()
	s.verify()
	s.call(updateApproved, 200, s.health)
	s.call(updateApproved, 200, func() customer.Answer {
		return s.Act(s.Minted(s.Cloud.MintUpdateApproved(s.Org.ID(), []string{webextest.DigitalSignage, webextest.PersistentWebApp})))
	})
	s.call(updateApproved, 200, func() customer.Answer {
		return s.Act(s.Minted(s.Cloud.MintMove(s.Org.ID(), customer.Europe, webextest.MoveOptions{SignedBy: "new", NewRefreshToken: true})))
	})
	s.verify()

	// An activation that Webex does not answer is left to the schedule.
	late := &story{customer.New(s.T, s.Stack, customer.West), s.recorder}
	late.Fault(webextest.Fault{Kind: webextest.KindToken, Status: 503})
	late.call(activation, 503, late.activate)
	s.Cloud.ClearFaults()
	for range 40 {
		if late.verify(); late.Installation().ActionsURL != "" {
			break
		}
	}
	if late.Installation().ActionsURL == "" {
		s.Fatal("the schedule does not complete the activation")
	}
	s.Cloud.RevokeRefreshToken(late.Org.ID())
	late.RevokeAccess()
	late.verify()
	s.call(updateApproved, 200, func() customer.Answer { return s.Act(s.Token(webextest.ActionDeprovision, nil)) })
}

// invited is another organization, which is invited to a private integration.
func (s *story) invited() {
	s.Helper()
	one := &story{customer.New(s.T, s.Stack, customer.West), s.recorder}
	_, code := one.Invite(invitation.Order{Private: true})
	one.call(activation, 200, func() customer.Answer { return one.Page(code) })
	one.Customer = one.UploadInvited(code)
	one.call(activation, 200, func() customer.Answer {
		return one.Submit(code, false, map[string]string{
			"clientId": one.App.ClientID(), "clientSecret": one.App.ClientSecret(), "jwt": one.Activation(nil),
		})
	})
}

// vendor uses each route of the vendor API that calls AWS.
func (s *story) vendor() {
	s.Helper()
	named := "/installations/" + s.Org.ID()
	s.call(installations, 200, func() customer.Answer { return s.Vendor("GET", "/installations", nil) })
	s.call(installations, 200, func() customer.Answer { return s.Vendor("GET", named, nil) })
	s.call(installations, 202, func() customer.Answer { return s.Vendor("POST", named+"/verify", nil) })
	s.call(installations, 202, func() customer.Answer { return s.Vendor("POST", named+"/reload", nil) })
	s.call(installations, 200, func() customer.Answer {
		return s.Vendor("PUT", named+"/channel", customer.Object{"channel": nil})
	})
	id := ""
	s.call(installations, 201, func() customer.Answer {
		made := s.Vendor("POST", "/invitations", customer.Object{})
		id, _ = made.Object(s.T)["id"].(string)
		return made
	})
	s.call(installations, 200, func() customer.Answer { return s.Vendor("GET", "/invitations", nil) })
	s.call(installations, 200, func() customer.Answer { return s.Vendor("DELETE", "/invitations/"+id, nil) })
	s.call(installations, 200, func() customer.Answer { return s.Vendor("GET", "/rollout", nil) })
}

// call has a request answered by a function with this status, and records what
// the function does.
func (s *story) call(function string, status int, send func() customer.Answer) customer.Answer {
	s.Helper()
	var got customer.Answer
	for range 5 { // on a busy machine an answer may be late
		s.recorder.watch(function, func() { got = send() })
		if got.Status == status {
			break
		}
	}
	return got.Want(s.T, status)
}

func (s *story) activate() customer.Answer { return s.PostActivation(s.Activation(nil)) }

func (s *story) activateInBrowser() customer.Answer {
	request := customer.Post("/activation", s.Activation(nil))
	request.Headers = map[string]string{"Accept": "text/html"}
	return s.Send(request)
}

func (s *story) health() customer.Answer { return s.Health(nil) }

// tasks are the tasks of the cross-launch functions, as their routes name them.
var tasks = map[string]string{assignContent: "assignContent", manageContent: "manageContent"}

// launch cross-launches and returns the launch code.
func (s *story) launch(function string) string {
	s.Helper()
	return s.call(function, 200, func() customer.Answer {
		return s.Launch(webextest.DigitalSignage, tasks[function], customer.Object{"devices": []customer.Object{{"deviceId": "device"}}})
	}).LaunchCode(s.T)
}

func (s *story) redeem(code string) {
	s.Helper()
	s.recorder.watch(launches, func() { s.Redeem(code).Want(s.T, 200) })
}

// verify runs the schedule once the customer is due.
func (s *story) verify() {
	s.Helper()
	s.Age(48*time.Hour, "dueAt", "began")
	s.run()
}

// run runs the schedule for what is due.
func (s *story) run() {
	s.Helper()
	s.recorder.watch(verifyConfigs, func() {
		result, err := s.Stack.Invoke(s.Context(), verifyConfigs, []byte("{}"))
		if err != nil || result.Outcome != lambda.OK {
			s.Fatalf("verify: %v %s", err, result.Payload)
		}
	})
}
