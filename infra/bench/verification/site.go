// Package verification measures scheduled runs of the built verifyconfigs
// function on installations that are in order: the rate, the requests for each, and
// the memory for many.
package verification

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"time"

	"signpost/infra/bench/testbed"
	"signpost/infra/bench/verification/standin"
	"signpost/shared/assembly/wanted"
	"signpost/shared/channel"
	"signpost/shared/config"
	"signpost/shared/dynamo"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/lifecycle/model"
	"signpost/shared/schedule"
	"signpost/shared/secret"
	"signpost/shared/secret/sealing"
	"signpost/shared/webex"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

const functionID = "VerifyConfigsFunction"

// site is the function with stand-ins for DynamoDB and Webex.
type site struct {
	testbed  *testbed.Testbed
	settings map[string]string
	sealer   *sealing.Keyset
	table    *standin.Table
	webex    *standin.Webex
	servers  []*httptest.Server
}

// newSite returns a site for a deployment that provides these features, with the
// sample installation in order.
func newSite(ctx context.Context, t *testbed.Testbed, provided ...webex.Feature) (*site, error) {
	sealer, err := sealing.Parse(t.Stack.Secrets().TokenKeyset)
	if err != nil {
		return nil, err
	}
	s := &site{testbed: t, sealer: sealer, table: standin.NewTable(sealer), webex: &standin.Webex{}}
	tableURL, webexURL := s.serve(s.table), s.serve(s.webex)
	s.settings = map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": tableURL, "PUBLIC_URL": "https://signpost.example.com", "VERIFY_INTERVAL": "24h", "VERIFY_RATE": "",
		"SIGNAGE_URL": "", "PWA_URL": "",
	}
	variables := map[webex.Feature]string{webex.DigitalSignage: "SIGNAGE_URL", webex.PersistentWebApp: "PWA_URL"}
	for _, feature := range provided {
		s.settings[variables[feature]] = "https://content.example.com/" + string(feature) + "?device=$(deviceId)"
	}
	if err := s.writeSample(ctx, tableURL, webexURL, provided); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *site) serve(handler http.Handler) string {
	server := httptest.NewServer(handler)
	s.servers = append(s.servers, server)
	return server.URL
}

func (s *site) close() {
	for _, server := range s.servers {
		server.CloseClientConnections()
		server.Close()
	}
}

// writeSample writes the sample row to the table, and its configurations to Webex, with
// the real code.
func (s *site) writeSample(ctx context.Context, tableURL, webexURL string, provided []webex.Feature) error {
	settings, err := s.lifecycleSettings()
	if err != nil {
		return err
	}
	now := time.Now()
	row := installation.Installation{
		Key: standin.SampleKey(),
		Statement: installation.Statement{
			Subject: "ciscospark://us/ORGANIZATION/" + standin.SampleKey().OrgKey, OrgName: "A customer of average name",
			Region: "us-west-2_r", ManifestVersion: 1,
			Scopes: []string{"spark-admin:devices_digital_signage", "spark-admin:devices_pwa"},
			URLs:   installation.URLs{OAuth: webexURL + "/v1/access_token", App: webexURL + "/app", Manifest: webexURL + "/app/manifest", APIBase: webexURL + "/v1"},
		},
		State: installation.Active, Generation: installation.NewGeneration("jti"),
		ActivatedAt: now, LastActionAt: now, ActivationUntil: now, MovedAt: now, EndpointsAt: now,
		RegisteredActionsURL: settings.PublicURL + "/actions", Features: map[webex.Feature]installation.Feature{},
		Tokens: installation.Tokens{
			RenewedAt:        now,
			RefreshExpiresAt: now.Add(80 * 24 * time.Hour), AccessExpiresAt: now.Add(12 * time.Hour),
		},
	}
	for _, feature := range provided {
		row.Features[feature] = installation.Feature{Endpoint: webexURL + "/features/" + string(feature), Status: installation.Pending}
	}
	if row, err = s.inOrder(ctx, settings, row); err != nil {
		return err
	}
	row.Version = 0
	_, err = dynamo.New(dynamo.NewClient(aws.Config{
		Region: "us-east-1", BaseEndpoint: &tableURL, Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	}), "table").Save(ctx, row)
	return err
}

// inOrder verifies the row with the real use case, which pushes the configurations, and
// returns the resulting row.
func (s *site) inOrder(ctx context.Context, settings lifecycle.Settings, row installation.Installation) (installation.Installation, error) {
	access, err := s.sealer.Seal(secret.New("token"), installation.AccessPlace(row.Key))
	if err != nil {
		return row, err
	}
	row.Tokens.Access = access
	rows := model.NewMemory()
	if _, err := rows.Save(ctx, row); err != nil {
		return row, err
	}
	service, err := lifecycle.New(rows, webex.NewClient(nil), keys{s.sealer}, settings, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		return row, err
	}
	if result, err := service.Verify(ctx, row.Key); err != nil || result.Err != nil {
		return row, errors.Join(err, result.Err)
	}
	row, _, err = rows.Find(ctx, row.Key, time.Now())
	return row, err
}

// keys implements lifecycle.Keys without a client secret: no token is exchanged.
type keys struct{ sealer *sealing.Keyset }

func (keys) Prove(context.Context, installation.Key, webex.Credentials) error { return nil }
func (k keys) Sealer(context.Context) (lifecycle.Sealer, error)               { return k.sealer, nil }
func (k keys) Client(context.Context, installation.Key) (webex.Credentials, error) {
	return webex.Credentials{}, nil
}

// lifecycleSettings returns the function's settings in the form of package lifecycle.
func (s *site) lifecycleSettings() (lifecycle.Settings, error) {
	environment, err := s.testbed.Stack.Environment(functionID)
	if err != nil {
		return lifecycle.Settings{}, err
	}
	maps.Copy(environment, s.settings)
	environment["AWS_SAM_LOCAL"] = "true"
	var provider config.Provider
	if err := config.Load(environment, &provider); err != nil {
		return lifecycle.Settings{}, err
	}
	return wanted.Settings(provider, channel.Channels{}), nil
}

// maxLeft is the share of due rows that a run may leave. On a busy machine some rows
// wait too long for a call to Webex.
const maxLeft = 0.01

// checkAnswer returns an error if the run did not verify what was due. It may verify more:
// a long run begins the next passes.
func checkAnswer(payload []byte, due int, report schedule.Report) error {
	if report.Verified+report.Left < due || float64(report.Left) > maxLeft*float64(due) ||
		report.Failed+report.Pushed+report.Deleted != 0 {
		return fmt.Errorf("the run did not verify all that was due: %d due, answer %.200s", due, payload)
	}
	return nil
}
