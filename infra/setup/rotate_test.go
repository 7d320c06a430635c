package setup

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"signpost/infra/stage"
	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/integration"
	"signpost/shared/secret"
	"signpost/shared/secret/sealing"
	"signpost/shared/webex/webextest"
)

// deployedProject is a project whose secrets were filled an hour ago.
func deployedProject(t *testing.T) *project {
	t.Helper()
	keyset, err := sealing.NewDocument()
	if err != nil {
		t.Fatal(err)
	}
	p := newProject(t)
	p.vault.values["signpost-prod/integration"] = []byte(`{"clientSecret":"old","tokenKeyset":` + string(keyset) + `,"other":1}`)
	p.vault.values["signpost-prod/content"] = []byte(`{"contentApiKey":"old"}`)
	p.vault.written, p.vault.now = now.Add(-time.Hour), now
	p.store = dynamo.New(dynamotest.New(t))
	return p
}

func (p *project) integration(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	return fields(t, p.vault.values["signpost-prod/integration"])
}

// rotate does one step, and checks that the next one is refused until every
// function has read the secret again.
func (p *project) rotate(t *testing.T, what, says string, o Options) {
	t.Helper()
	if err := p.rotateOnce(what, o); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	p.says(t, says)
	if err := p.rotateOnce(what, o); err == nil || !strings.Contains(err.Error(), "run this again in") {
		t.Errorf("%s, the next step at once: %v", what, err)
	}
	p.pass(propagation)
}

func (p *project) pass(d time.Duration) {
	p.later += d
	p.vault.now = now.Add(p.later)
}

func TestRotateContentKey(t *testing.T) {
	p := deployedProject(t)
	content := func() string { return string(p.vault.values["signpost-prod/content"]) }
	p.rotate(t, "content-api-key", "Both keys are valid", Options{ContentAPIKey: "new"})
	if content() != `{"contentApiKey":["new","old"]}` {
		t.Errorf("content: %s", content())
	}
	p.rotate(t, "content-api-key", "old key was dropped", Options{})
	if content() != `{"contentApiKey":"new"}` {
		t.Errorf("content: %s", content())
	}
}

func TestRotateRefuses(t *testing.T) {
	p := deployedProject(t)
	for what, want := range map[string]string{"everything": "client-secret, content-api-key, keyset, keyset-forget", "client-secret": "CLIENT_SECRET", "keyset-forget": "only one key"} {
		if err := p.rotateOnce(what, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	p.rotate(t, "keyset", "which only decrypts", Options{})
	if err := p.rotateOnce("keyset-forget", Options{}); err == nil || !strings.Contains(err.Error(), "does not encrypt yet") {
		t.Errorf("the added key can be dropped: %v", err)
	}
}

func (p *project) sealed(t *testing.T, token, place string) secret.Sealed {
	t.Helper()
	keyset, err := sealing.Parse(p.integration(t)["tokenKeyset"])
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := keyset.Seal(secret.New(token), place)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// stored returns the row as write stores it.
func stored[Row any](t *testing.T, write func(context.Context, Row) (Row, error), row Row) Row {
	t.Helper()
	saved, err := write(t.Context(), row)
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// Each kind of row with a token requires the older key until it is encrypted again.
// An expired row, or one that no key opens, requires none.
func TestKeysAreForgottenOnlyWhenNoRowNeedsThem(t *testing.T) {
	p := deployedProject(t)
	save := func(i installation.Installation) installation.Installation { return stored(t, p.store.Save, i) }
	put := func(c installation.Candidate) installation.Candidate { return stored(t, p.store.PutCandidate, c) }
	old := p.sealed(t, "token", "p")
	active := save(installation.Installation{Key: installationtest.Key("active"), State: installation.Active, Tokens: installation.Tokens{Refresh: old}})
	access := save(installation.Installation{Key: installationtest.Key("access"), State: installation.Active, Tokens: installation.Tokens{Access: old}})
	invalid := save(installation.Installation{Key: installationtest.Key("invalid"), State: installation.TokenInvalid, Tokens: installation.Tokens{Refresh: old}})
	unproven := put(installation.Candidate{Key: installationtest.Key("unproven"), ID: "c", Change: installation.Change{Refresh: old}, ForgetAt: now.AddDate(0, 0, 90)})
	put(installation.Candidate{Key: installationtest.Key("over"), ID: "c", Change: installation.Change{Refresh: old}, ForgetAt: now})
	put(installation.Candidate{Key: installationtest.Key("refused"), ID: "c", Refused: true, ForgetAt: now.AddDate(0, 0, 90)})
	save(installation.Installation{Key: installationtest.Key("lost"), State: installation.Active, Tokens: installation.Tokens{Refresh: secret.Sealed("\x01????lost")}})
	registered := integration.Integration{AppID: "app", ClientID: "C1"}
	registered.ClientSecret = p.sealed(t, "client secret", registered.SecretPlace())
	if _, err := p.store.SaveIntegration(t.Context(), registered, now); err != nil {
		t.Fatal(err)
	}
	p.rotate(t, "keyset", "which only decrypts", Options{})
	p.rotate(t, "keyset", "encrypts now", Options{})

	fresh := p.sealed(t, "token", "p")
	for _, step := range []struct {
		says   []string
		reseal func()
	}{
		{[]string{"tokens of 4 rows", "2 active", "1 token_invalid", "1 activations or moves"}, func() { active.Tokens.Refresh = fresh; save(active) }},
		{[]string{"tokens of 3 rows", "1 active"}, func() { access.Tokens.Access = fresh; save(access) }},
		{[]string{"tokens of 2 rows", "1 token_invalid", "once a day"}, func() { invalid.Tokens.Refresh = fresh; save(invalid) }},
		{[]string{"tokens of 1 rows", "such as unproven", "within two hours"}, func() { unproven.Refresh = fresh; put(unproven) }},
	} {
		before := string(p.vault.values["signpost-prod/integration"])
		err := p.rotateOnce("keyset-forget", Options{})
		for _, text := range step.says {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("it does not say %q: %v", text, err)
			}
		}
		if string(p.vault.values["signpost-prod/integration"]) != before {
			t.Fatal("a refused step wrote the secret")
		}
		step.reseal()
	}
	p.rotate(t, "keyset-forget", "They were dropped", Options{})
	if count, _, err := sealing.Keys(p.integration(t)["tokenKeyset"]); err != nil || count != 1 {
		t.Errorf("%d keys, %v", count, err)
	}
	keyset, err := sealing.Parse(p.integration(t)["tokenKeyset"])
	if err != nil {
		t.Fatal(err)
	}
	resealed, err := p.store.Integrations(t.Context(), "app", now)
	if err != nil || len(resealed) != 1 {
		t.Fatalf("integrations %v, %v", resealed, err)
	}
	if opened, err := keyset.Open(resealed[0].ClientSecret, registered.SecretPlace()); err != nil || opened.Reveal() != "client secret" {
		t.Errorf("the client secret of a registered integration is lost: %v", err)
	}
	if string(p.integration(t)["other"]) != "1" {
		t.Error("the rest of the secret is lost")
	}
	p.store = nil
	p.rotate(t, "keyset", "which only decrypts", Options{})
	p.rotate(t, "keyset", "encrypts now", Options{})
	if err := p.rotateOnce("keyset-forget", Options{}); err == nil || !strings.Contains(err.Error(), "not reached") {
		t.Errorf("keys are dropped without reading the table: %v", err)
	}
}

// A new client secret is stored only if Webex accepts it.
func TestClientSecretIsTriedFirst(t *testing.T) {
	p := deployedProject(t)
	cloud := webextest.NewServer(t, webextest.Options{Now: func() time.Time { return now.Add(p.later) }})
	org := cloud.AddOrganization("Acme", "us-west-2_r")
	rotate := func(value string) error {
		return p.rotateOnce("client-secret", Options{ClientSecret: value})
	}
	stored := func() string { return string(p.integration(t)["clientSecret"]) }
	settings := stage.Settings{Name: "prod", Variables: map[string]string{"WEBEX_APP_ID": webextest.DefaultAppID, "WEBEX_CLIENT_ID": cloud.ClientID()}}
	if err := settings.Write(p.root); err != nil {
		t.Fatal(err)
	}
	if _, err := p.store.Save(t.Context(), installation.Installation{ // of another client
		Key: installation.Key{OrgKey: org.ID(), AppID: "other"}, State: installation.Active, Tokens: installation.Tokens{Refresh: p.sealed(t, "x", "p")},
	}); err != nil {
		t.Fatal(err)
	}
	p.rotate(t, "client-secret", "could not be tried: there is no active installation", Options{ClientSecret: "first"})

	install(t, p, cloud, org)
	if err := rotate("mistyped"); err == nil || !strings.Contains(err.Error(), "does not accept this client secret") || stored() != `"first"` {
		t.Errorf("a mistyped secret: %v, stored %s", err, stored())
	}
	cloud.Inject(webextest.Fault{Kind: webextest.KindToken, Status: 503})
	if err := rotate(cloud.ClientSecret()); err == nil || !strings.Contains(err.Error(), "could not be tried") || stored() != `"first"` {
		t.Errorf("Webex is down: %v, stored %s", err, stored())
	}
	cloud.ClearFaults()
	p.rotate(t, "client-secret", "Webex accepts it: tried with "+org.ID(), Options{ClientSecret: cloud.ClientSecret()})
	if stored() != strconv.Quote(cloud.ClientSecret()) {
		t.Error("the good secret is not stored")
	}
	cloud.RevokeRefreshToken(org.ID())
	if err := rotate(cloud.ClientSecret()); err == nil || !strings.Contains(err.Error(), "another upload") {
		t.Errorf("a refused token: %v", err)
	}
	for range 4 {
		other := cloud.AddOrganization("Other", "us-west-2_r")
		install(t, p, cloud, other)
		cloud.RevokeRefreshToken(other.ID())
	}
	cloud.ResetRequests()
	if err := rotate(cloud.ClientSecret()); err == nil || len(cloud.Requests()) != 3 {
		t.Errorf("refused tokens: %d requests, %v", len(cloud.Requests()), err)
	}
	if row, _, err := p.store.Find(t.Context(), installationtest.Key(org.ID()), now); err != nil || row.State != installation.Active {
		t.Errorf("the customer of the trial is %s, %v", row.State, err)
	}
}

// install stores an active installation of an organization, with a refresh token
// that Webex accepts, in p's table.
func install(t *testing.T, p *project, cloud *webextest.Cloud, org *webextest.Organization) {
	t.Helper()
	if _, err := cloud.MintActivation(org.ID()); err != nil {
		t.Fatal(err)
	}
	row := installation.Installation{Key: installationtest.Key(org.ID()), State: installation.Active}
	view, _ := cloud.Installation(org.ID())
	row.URLs.OAuth = view.OAuthURL
	row.Tokens.Refresh = p.sealed(t, cloud.RefreshToken(org.ID()), installation.RefreshPlace(installationtest.Key(org.ID())))
	if _, err := p.store.Save(t.Context(), row); err != nil {
		t.Fatal(err)
	}
}
