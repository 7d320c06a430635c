package faults_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/lifecycle/faults"
	"signpost/shared/secret"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// plant is a violation, and how it comes into a sound world.
type plant struct {
	rule faults.Rule
	sow  func(w *world)
}

// plants are violations by what Webex, the table or the log holds.
func plants() map[string]plant {
	return map[string]plant{
		"configuration lost": {faults.Configured, func(w *world) {
			w.cloud.DeleteConfiguration(w.org.ID(), webextest.DigitalSignage)
		}},
		"other configuration": {faults.Configured, func(w *world) {
			w.cloud.SetConfiguration(w.org.ID(), webextest.DigitalSignage, map[string]any{"signageUrl": signage})
		}},
		"feature not withdrawn":        {faults.Configured, func(w *world) { delete(w.settings.Provided, webex.PersistentWebApp) }},
		"Webex not told":               {faults.Configured, func(w *world) { w.settings.PublicURL = "https://new.vendor.example" }},
		"lost refresh token":           {faults.Newest, func(w *world) { w.change(w.sealAnother) }},
		"token in clear":               {faults.Secret, func(w *world) { w.change(w.unseal) }},
		"token in clear, in its place": {faults.Newest, func(w *world) { w.change(w.unseal) }},
		"token in a name":              {faults.Secret, func(w *world) { w.change(w.leak) }},
		"token in the log":             {faults.Secret, func(w *world) { w.log.add("refreshing " + w.cloud.RefreshToken(w.org.ID())) }},
		"pushed twice":                 {faults.Pushes, (*world).pushAgain},
		"foreign row changed":          {faults.Foreign, func(w *world) { w.touchForeign() }},
		"foreign row added":            {faults.Foreign, func(w *world) { w.saveOther("nobody") }},
		"foreign configuration lost":   {faults.Foreign, func(w *world) { w.cloud.DeleteConfiguration(w.neighbour, webextest.DigitalSignage) }},
		"foreign installation called":  {faults.Foreign, (*world).callForeign},
		"still there":                  {faults.Removed, func(w *world) { w.gone = true }},
		"removed, called":              {faults.Removed, (*world).callRemoved},
	}
}

// unsettled are violations by the state that the rows are left in.
func unsettled() map[string]plant {
	row := func(change func(w *world, row *installation.Installation)) plant {
		return plant{faults.Settled, func(w *world) { w.change(func(row *installation.Installation) { change(w, row) }) }}
	}
	return map[string]plant{
		"token_invalid":  row(func(_ *world, row *installation.Installation) { row.State = installation.TokenInvalid }),
		"failing":        row(func(_ *world, row *installation.Installation) { row.Schedule.Failures = 1 }),
		"overdue":        row(func(w *world, row *installation.Installation) { row.Schedule.DueAt = w.clock().Add(-time.Second) }),
		"due in an hour": row(func(w *world, row *installation.Installation) { row.Schedule.DueAt = w.clock().Add(time.Hour) }),
		"due in years":   row(func(w *world, row *installation.Installation) { row.Schedule.DueAt = w.clock().AddDate(1, 0, 0) }),
		"leased":         row(func(w *world, row *installation.Installation) { row.Work = installation.NewLease("dead", w.clock()) }),
		"renewal leased": row(func(w *world, row *installation.Installation) {
			row.Tokens.Renewal = installation.NewLease("dead", w.clock())
		}),
		"pending": row(func(_ *world, row *installation.Installation) {
			row.Features[webex.DigitalSignage] = installation.Feature{Status: installation.Pending}
		}),
		"candidate left": {faults.Settled, func(w *world) {
			_, err := w.lab.store.PutCandidate(w.t.Context(), installation.Candidate{Key: installationtest.Key(w.org.ID()), ID: "c", Kind: installation.Move, ForgetAt: w.clock().Add(time.Hour)})
			w.must(err)
		}},
	}
}

// unsound are violations of what holds at any moment.
func unsound() map[string]plant {
	never := func(change func(row *installation.Installation)) plant {
		return plant{faults.Settled, func(w *world) {
			w.change(func(row *installation.Installation) {
				change(row)
				row.Schedule.DueAt = time.Time{}
			})
		}}
	}
	return map[string]plant{
		"token_invalid, never due": never(func(row *installation.Installation) { row.State = installation.TokenInvalid }),
		"failing, never due":       never(func(row *installation.Installation) { row.Schedule.Failures = 1 }),
		"claimed, never due":       never(func(row *installation.Installation) { row.Work.Owner = "dead" }),
		"pending, never due": never(func(row *installation.Installation) {
			row.Features[webex.DigitalSignage] = installation.Feature{Status: installation.Pending}
		}),
		"candidate, never due": {faults.Settled, func(w *world) {
			_, err := w.lab.store.PutCandidate(w.t.Context(), installation.Candidate{Key: installationtest.Key(w.org.ID()), ID: "c", Kind: installation.Move, ForgetAt: w.clock().Add(time.Hour)})
			w.must(err)
		}},
		"not listed": {faults.Settled, (*world).unlist},
		"in order, written": {faults.Unwritten, func(w *world) {
			row, _ := w.stored()
			w.unwritten = row.Version
			w.change(func(*installation.Installation) {})
		}},
		"not asked": {faults.Asked, func(w *world) {
			w.pass(time.Minute)
			pass := w.position()
			pass.Began = w.clock()
			w.savePass(pass)
		}},
	}
}

// unlist takes the installation out of the index of the shards.
func (w *world) unlist() {
	_, err := w.client.UpdateItem(w.t.Context(), &dynamodb.UpdateItemInput{
		TableName: &w.table, UpdateExpression: aws.String("REMOVE #shard"), ExpressionAttributeNames: map[string]string{"#shard": "shard"},
		Key: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "org#" + installationtest.Key(w.org.ID()).Text()}, "sk": &types.AttributeValueMemberS{Value: "installation"},
		},
	})
	w.must(err)
}

// TestEveryViolationIsSeen plants each violation in a sound world, which the
// invariants have to report, and report nothing without it.
func TestEveryViolationIsSeen(t *testing.T) {
	all := plants()
	maps.Copy(all, unsettled())
	always := unsound()
	maps.Copy(all, always)
	all["nothing"] = plant{}
	for name, test := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, newLab(t))
			w.both()
			code := w.code()
			w.begin()
			w.must(w.activate(w.healthy(), code))
			if test.sow != nil {
				test.sow(w)
			}
			w.secrets = append(w.secrets, w.webex.given()...)
			found := w.world(w.look()).Check()
			if _, ok := always[name]; ok {
				found = w.world(w.look()).CheckAlways()
			}
			if test.sow == nil && len(found) != 0 {
				t.Errorf("a sound world: %v", found)
			}
			if test.sow != nil && !slices.ContainsFunc(found, func(v faults.Violation) bool { return v.Rule == test.rule }) {
				t.Errorf("not seen; seen: %v", found)
			}
		})
	}
}

func TestEveryCauseIsMissed(t *testing.T) {
	fault := faults.Faults()[0]
	line := `{"level":"WARN","cause":"` + fault.Evidence[0] + `"}`
	absorbed, deadly := fault, fault
	absorbed.Tolerated, deadly.Deadly = true, true
	tests := map[string]struct {
		fault faults.Fault
		lines []string
		wrong bool
	}{
		"once":            {fault, []string{"other", line}, false},
		"not at all":      {fault, []string{"other"}, true},
		"twice":           {fault, []string{line, line}, true},
		"absorbed":        {absorbed, nil, false},
		"absorbed, twice": {absorbed, []string{line, line}, true},
		"dead":            {deadly, nil, false},
	}
	for name, test := range tests {
		if got := faults.CheckCause(test.fault, test.lines); (len(got) > 0) != test.wrong {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A fault that befalls nothing must not pass for a proof.
func TestMissedFaultIsKnown(t *testing.T) {
	w := newWorld(t, newLab(t))
	p := w.start(faults.Plan{Call: faults.Call{Op: "PUT nothing at all", Nth: 1}, Fault: faults.Faults()[0]})
	w.must(w.activate(p, w.code()))
	if p.Injected() != 0 || len(p.Calls()) == 0 {
		t.Errorf("%d struck of %d calls", p.Injected(), len(p.Calls()))
	}
}

// change writes the row as change leaves it.
func (w *world) change(change func(*installation.Installation)) {
	row, _ := w.stored()
	change(&row)
	_, err := w.lab.store.Save(w.t.Context(), row)
	w.must(err)
}

func (w *world) sealAnother(row *installation.Installation) {
	sealed, err := w.keys.sealer.Seal(secret.New("an older one"), installation.RefreshPlace(row.Key))
	w.must(err)
	row.Tokens.Refresh = sealed
}

func (w *world) unseal(row *installation.Installation) {
	row.Tokens.Refresh = secret.Sealed(w.cloud.RefreshToken(w.org.ID()))
}

func (w *world) leak(row *installation.Installation) { row.OrgName += w.cloud.RefreshToken(w.org.ID()) }

// access is the stored access token.
func (w *world) access() (installation.Installation, secret.String) {
	row, _ := w.stored()
	token, err := w.keys.sealer.Open(row.Tokens.Access, installation.AccessPlace(row.Key))
	w.must(err)
	return row, token
}

func (w *world) pushAgain() {
	row, token := w.access()
	want, _ := w.settings.Wanted(webex.DigitalSignage, row)
	w.must(webex.NewClient(w.webex).PutConfig(w.t.Context(), row.Features[webex.DigitalSignage].Endpoint, token, want))
}

func (w *world) callForeign() {
	_, token := w.access()
	view, _ := w.cloud.Installation(w.neighbour)
	_, _ = webex.NewClient(w.webex).GetApp(w.t.Context(), view.AppURL, token)
}

func (w *world) callRemoved() {
	row, token := w.access()
	w.pass(10 * time.Second)
	w.must(w.act(w.healthy(), w.minted(w.cloud.MintDeprovision(w.org.ID()))))
	w.cloud.ResetRequests()
	w.gone = true
	_, _ = webex.NewClient(w.webex).GetApp(w.t.Context(), row.URLs.App, token)
}

func (w *world) saveOther(key string) {
	_, err := w.lab.store.Save(w.t.Context(), installation.Installation{Key: installationtest.Key(key), State: installation.Active})
	w.must(err)
}

func (w *world) touchForeign() {
	row, _, err := w.lab.store.Find(w.t.Context(), installationtest.Key(w.foreignKey()), w.clock())
	w.must(err)
	row.OrgName = "touched"
	_, err = w.lab.store.Save(w.t.Context(), row)
	w.must(err)
}
