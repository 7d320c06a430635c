package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/infra/local/lambda"
	"signpost/infra/tests/customer"
	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/lifecycle/faults"
	"signpost/shared/webex"
)

const (
	verifier = "VerifyConfigsFunction"
	// rest is the least time until the next verification of a row that is at
	// rest, and maxRuns how many runs of the schedule bring it there.
	rest    = 40 * time.Minute
	maxRuns = 6
)

// world is one case: a customer of its own in the rig.
type world struct {
	*rig
	*customer.Customer
	secrets []string
	token   string // the id of the token that the case is about, if any
	want    map[webex.Feature]int

	before       faults.Snapshot
	began        time.Time
	pushesBefore map[webex.Feature]int
	logged       int
}

func newWorld(t *testing.T, r *rig) *world {
	t.Helper()
	r.use(&faults.Process{})
	return &world{
		rig: r, Customer: customer.New(t, r.stack, customer.West), want: map[webex.Feature]int{},
		secrets: []string{r.stack.Webex().ClientSecret()},
	}
}

// clear removes the case's rows, so that no pass of a later one looks at them.
func (w *world) clear() {
	w.Helper()
	w.restPass(w.T, w.shard())
	for _, key := range w.look().Of(w.Org.ID()) {
		_, err := w.client.DeleteItem(w.Context(), &dynamodb.DeleteItemInput{
			TableName: aws.String(w.Stack.TableName()), Key: map[string]types.AttributeValue{
				"pk": &types.AttributeValueMemberS{Value: key.PK}, "sk": &types.AttributeValueMemberS{Value: key.SK},
			},
		})
		w.must(err)
	}
}

func (w *world) shard() int { return installation.ShardOf(w.Org.ID()) }

// position is where the shard's pass is.
func (w *world) position() installation.Pass {
	w.Helper()
	passes, err := w.store.Passes(w.Context())
	w.must(err)
	return passes[w.shard()]
}

// listed reports whether passes look at the customer.
func (w *world) listed() bool {
	w.Helper()
	page, err := w.store.Page(w.Context(), w.shard(), "", 100)
	w.must(err)
	return slices.ContainsFunc(page.Rows, func(row installation.Installation) bool { return row.OrgKey == w.Org.ID() })
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// secret makes a token and the newest refresh token two of the secrets.
func (w *world) secret(token string) string {
	w.secrets = append(w.secrets, token)
	w.noteToken()
	return token
}

func (w *world) noteToken() {
	if token := w.Cloud.RefreshToken(w.Org.ID()); token != "" && !slices.Contains(w.secrets, token) {
		w.secrets = append(w.secrets, token)
	}
}

// about makes the token the one that the case is about.
func (w *world) about(token string) string {
	w.Helper()
	w.token = fmt.Sprint(customer.ClaimsOf(w.T, token)["jti"])
	return w.secret(token)
}

// activated is an installation that a pass has looked at: the next one comes later.
func (w *world) activated() {
	w.Helper()
	w.PostActivation(w.secret(w.Activation(nil))).Want(w.T, 200)
	w.must(w.verify())
}

// post delivers a token. The error says why it was not accepted.
func (w *world) post(path, token string) error {
	got, err := customer.Try(w.Stack.URL(), customer.Post(path, token))
	if err == nil && got.Status != 200 {
		err = fmt.Errorf("%s answers %d %s", path, got.Status, got.Body)
	}
	return err
}

func (w *world) look() faults.Snapshot {
	w.Helper()
	w.noteToken()
	snapshot, err := faults.Look(w.Context(), w.client, w.Stack.TableName(), w.Cloud)
	w.must(err)
	return snapshot
}

// run prepares the use case and runs it once, in a new process. It returns the
// use case and its error.
func (w *world) run(c useCase, process *faults.Process) (do func() error, err error) {
	w.Helper()
	do = c.prepare(w)
	w.must(w.Stack.Kill(c.function))
	w.Cloud.ResetRequests()
	w.pushesBefore = map[webex.Feature]int{}
	for _, feature := range webex.Features {
		w.pushesBefore[feature] = w.Pushes(string(feature))
	}
	w.before, w.began, w.logged = w.look(), time.Now(), len(w.Stack.Logs())
	w.use(process)
	return do, do()
}

// verify runs the schedule once, for the customer's shard.
func (w *world) verify() error {
	event := fmt.Sprintf(`{"shards":[%d]}`, w.shard())
	result, err := w.Stack.Invoke(context.Background(), verifier, []byte(event))
	if err == nil && result.Outcome != lambda.OK {
		err = fmt.Errorf("%s: %s", verifier, result.Payload)
	}
	var report struct{ Failed int }
	if err == nil {
		err = json.Unmarshal(result.Payload, &report)
	}
	if err == nil && report.Failed > 0 {
		err = fmt.Errorf("%s: %s", verifier, result.Payload)
	}
	return err
}

// settle repeats the use case if nothing of it is stored, as its caller would,
// runs the schedule until all is at rest, and checks the invariants.
func (w *world) settle(again func() error) {
	w.Helper()
	defer w.clear()
	w.use(&faults.Process{})
	seen := w.look()
	if !w.durable(seen) {
		w.must(again())
		seen = w.look()
	}
	for run := range maxRuns {
		wait := w.untilDue(seen)
		if wait > rest && run > 0 {
			break
		}
		if wait > rest {
			wait = time.Minute // the schedule runs, whatever is due
		}
		w.pass(wait + time.Second)
		if err := w.verify(); err != nil {
			w.Errorf("the schedule: %v", err)
		}
		seen = w.look()
	}
	row, candidates, err := w.store.Find(w.Context(), installationtest.Key(w.Org.ID()), time.Now())
	w.must(err)
	logs := w.Stack.Logs()[w.logged:]
	violations := faults.World{
		Cloud: w.Cloud, Row: row, Candidates: candidates, Before: w.before, Now: seen, Began: w.began, Time: time.Now(),
		Open: w.opened, Log: strings.Split(logs, "\n"), Secrets: w.secrets, OrgID: w.Org.ID(), Settings: w.settings,
		PushesBefore: w.pushesBefore, Pushes: w.want, Pass: w.position(), Listed: w.listed(),
	}.Check()
	for _, v := range violations {
		w.Error(v)
	}
	if w.Failed() {
		w.Logf("log:\n%s", logs)
	}
}

// untilDue is how long it takes until the customer's next row, or what a killed process
// left of the shard's pass, is due.
func (w *world) untilDue(seen faults.Snapshot) time.Duration {
	w.Helper()
	wait := 2 * rest
	if due, any := seen.NextDue(w.Org.ID()); any {
		wait = time.Until(due)
	}
	if pass := w.position(); pass.Version > 0 && !pass.Ended {
		wait = min(wait, time.Until(pass.Lease.Until))
	}
	return wait
}

func (w *world) opened(row installation.Installation) (string, error) {
	token, err := w.sealer.Open(row.Tokens.Refresh, installation.RefreshPlace(row.Key))
	return token.Reveal(), err
}

// durable reports whether the table holds what the case's token asks for.
func (w *world) durable(seen faults.Snapshot) bool {
	return w.token == "" || seen.Holds(w.Org.ID(), w.token)
}

// pass makes time pass for the customer's rows and the passes: it moves what is compared with
// our own clock.
func (w *world) pass(d time.Duration) {
	w.Helper()
	if d > 0 {
		w.Age(d, "dueAt", "workUntil", "renewalUntil", "accessExpiresAt", "began")
	}
}
