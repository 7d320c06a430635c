package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"signpost/infra/local/lambda"
	"signpost/infra/tests/customer"
	"signpost/shared/installation"
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

func (w *world) activated() {
	w.Helper()
	w.PostActivation(w.secret(w.Activation(nil))).Want(w.T, 200)
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
	w.before, w.logged = w.look(), len(w.Stack.Logs())
	w.use(process)
	return do, do()
}

// verify runs the schedule once, for the customer's shard.
func (w *world) verify() error {
	event := fmt.Sprintf(`{"shards":[%d]}`, installation.ShardOf(w.Org.ID()))
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
	w.use(&faults.Process{})
	seen := w.look()
	if !w.durable(seen) {
		w.must(again())
		seen = w.look()
	}
	for range maxRuns {
		due, any := seen.NextDue(w.Org.ID())
		if wait := time.Until(due); !any || wait > rest {
			break
		}
		w.pass(time.Until(due) + time.Second)
		if err := w.verify(); err != nil {
			w.Errorf("the schedule: %v", err)
		}
		seen = w.look()
	}
	row, candidates, err := w.store.Find(w.Context(), w.Org.ID(), time.Now())
	w.must(err)
	logs := w.Stack.Logs()[w.logged:]
	violations := faults.World{
		Cloud: w.Cloud, Row: row, Candidates: candidates, Before: w.before, Now: seen, Time: time.Now(),
		Open: w.opened, Log: strings.Split(logs, "\n"), Secrets: w.secrets, OrgID: w.Org.ID(), Settings: w.settings,
		PushesBefore: w.pushesBefore, Pushes: w.want,
	}.Check()
	for _, v := range violations {
		w.Error(v)
	}
	if w.Failed() {
		w.Logf("log:\n%s", logs)
	}
}

func (w *world) opened(row installation.Installation) (string, error) {
	token, err := w.sealer.Open(row.Tokens.Refresh, installation.RefreshPlace(row.OrgKey))
	return token.Reveal(), err
}

// durable reports whether the table holds what the case's token asks for.
func (w *world) durable(seen faults.Snapshot) bool {
	if w.token == "" {
		return true
	}
	id := installation.Digest(w.token)
	return slices.ContainsFunc(seen.Of(w.Org.ID()), func(row faults.Key) bool {
		return row.SK == "candidate#"+id || row.SK == "used#"+id
	})
}

// pass makes time pass for the customer's rows: it moves what is compared with
// our own clock.
func (w *world) pass(d time.Duration) {
	w.Helper()
	if d > 0 {
		w.Age(d, "dueAt", "workUntil", "renewalUntil", "accessExpiresAt")
	}
}
