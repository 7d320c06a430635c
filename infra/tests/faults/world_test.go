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
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/infra/local/lambda"
	"signpost/shared/installation"
	"signpost/shared/lifecycle/faults"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

const (
	home      = "us-west-2_r"
	elsewhere = "eu-central-1_k"
	verifier  = "VerifyConfigsFunction"
	// rest is the least time until the next verification of a row that is at
	// rest, and maxRuns how many runs of the schedule bring it there.
	rest    = 40 * time.Minute
	maxRuns = 6
)

// world is one case: an organization of its own in the rig.
type world struct {
	*rig
	t       *testing.T
	org     *webextest.Organization
	secrets []string
	token   string // that the case is about
	want    map[webex.Feature]int

	before       faults.Snapshot
	pushesBefore map[webex.Feature]int
	logged       int
}

func newWorld(t *testing.T, r *rig) *world {
	t.Helper()
	r.use(&faults.Process{})
	return &world{
		rig: r, t: t, org: r.stack.Webex().AddOrganization("Acme", home), want: map[webex.Feature]int{},
		secrets: []string{r.stack.Webex().ClientSecret()},
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) minted(token string, err error) string {
	w.t.Helper()
	w.must(err)
	w.secrets = append(w.secrets, token)
	w.noteToken()
	return token
}

// noteToken makes the newest refresh token one of the secrets.
func (w *world) noteToken() {
	if token := w.stack.Webex().RefreshToken(w.org.ID()); token != "" && !slices.Contains(w.secrets, token) {
		w.secrets = append(w.secrets, token)
	}
}

func (w *world) activated() {
	w.t.Helper()
	w.must(w.post("/activation", w.minted(w.stack.Webex().MintActivation(w.org.ID()))))
}

func (w *world) look() faults.Snapshot {
	w.t.Helper()
	w.noteToken()
	snapshot, err := faults.Look(w.t.Context(), w.client, w.stack.TableName(), w.stack.Webex())
	w.must(err)
	return snapshot
}

func (w *world) begin() {
	w.t.Helper()
	w.stack.Webex().ResetRequests()
	w.pushesBefore = map[webex.Feature]int{}
	for _, feature := range webex.Features {
		w.pushesBefore[feature] = w.stack.Webex().Pushes(w.org.ID(), string(feature))
	}
	w.before, w.logged = w.look(), len(w.stack.Logs())
}

// verify runs the schedule once, for the organization's shard.
func (w *world) verify() error {
	event := fmt.Sprintf(`{"shards":[%d]}`, installation.ShardOf(w.org.ID()))
	result, err := w.stack.Invoke(context.Background(), verifier, []byte(event))
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

// settle has whoever asked ask again, if nothing of it is stored, and lets the
// schedule run until all is at rest.
func (w *world) settle(again func() error) {
	w.t.Helper()
	w.use(&faults.Process{})
	seen := w.look()
	if !w.durable(seen) {
		w.must(again())
		seen = w.look()
	}
	for range maxRuns {
		due, any := seen.NextDue(w.org.ID())
		if wait := time.Until(due); !any || wait > rest {
			break
		}
		w.pass(time.Until(due) + time.Second)
		if err := w.verify(); err != nil {
			w.t.Errorf("the schedule: %v", err)
		}
		seen = w.look()
	}
	row, candidates, err := w.store.Find(w.t.Context(), w.org.ID(), time.Now())
	w.must(err)
	logs := w.stack.Logs()[w.logged:]
	violations := faults.World{
		Cloud: w.stack.Webex(), Row: row, Candidates: candidates, Before: w.before, Now: seen, Time: time.Now(),
		Open: w.opened, Log: strings.Split(logs, "\n"), Secrets: w.secrets, OrgID: w.org.ID(), Settings: w.settings,
		PushesBefore: w.pushesBefore, Pushes: w.want,
	}.Check()
	for _, v := range violations {
		w.t.Error(v)
	}
	if w.t.Failed() {
		w.t.Logf("log:\n%s", logs)
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
	return slices.ContainsFunc(seen.Of(w.org.ID()), func(row faults.Key) bool {
		return row.SK == "candidate#"+id || row.SK == "used#"+id
	})
}

// aged are the attributes that are compared with our own clock.
var aged = []string{"dueAt", "workUntil", "renewalUntil", "accessExpiresAt"}

// pass lets time pass for the organization's rows, by making them older.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	if d <= 0 {
		return
	}
	for _, key := range w.look().Of(w.org.ID()) {
		at := map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: key.PK}, "sk": &types.AttributeValueMemberS{Value: key.SK},
		}
		out, err := w.client.GetItem(w.t.Context(), &dynamodb.GetItemInput{TableName: aws.String(w.stack.TableName()), Key: at})
		w.must(err)
		var changes []string
		values := map[string]types.AttributeValue{}
		for _, name := range aged {
			var at int64
			if out.Item[name] == nil {
				continue
			}
			w.must(attributevalue.Unmarshal(out.Item[name], &at))
			changes = append(changes, name+" = :"+name)
			values[":"+name] = &types.AttributeValueMemberN{Value: fmt.Sprint(at - d.Milliseconds())}
		}
		if len(changes) == 0 {
			continue
		}
		_, err = w.client.UpdateItem(w.t.Context(), &dynamodb.UpdateItemInput{
			TableName: aws.String(w.stack.TableName()), Key: at,
			UpdateExpression: aws.String("SET " + strings.Join(changes, ", ")), ExpressionAttributeValues: values,
		})
		w.must(err)
	}
}
