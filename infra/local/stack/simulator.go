package stack

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"signpost/infra/local/console"
	"signpost/infra/local/sample"
	"signpost/shared/dynamo"
	"signpost/shared/loopback"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

const settingSimulator = "WEBEX_SIMULATOR"

func (s *settings) simulatorOn() bool { return s.given[settingSimulator] != "off" }

// prepareSimulator creates a simulated Webex whose integration matches the
// functions' settings. It has no customers until openData.
func (s *settings) prepareSimulator() error {
	if value := s.given[settingSimulator]; value != "" && value != "on" && value != "off" {
		return fmt.Errorf("%s is %q: it must be on or off", settingSimulator, value)
	}
	if !s.simulatorOn() {
		return nil
	}
	options := webextest.Options{
		AppID:           s.given["WEBEX_APP_ID"],
		ClientID:        s.given["WEBEX_CLIENT_ID"],
		ClientSecret:    s.secrets.clientSecret(),
		ProvisioningURL: cmp.Or(s.given["PUBLIC_URL"], s.apiURL()) + "/activation",
	}
	if s.options.Webex != nil {
		s.options.Webex(&options)
	}
	s.wire = console.NewWire(time.Now)
	options.HTTPClient = s.wire.Client(options.HTTPClient)
	s.simulator = webextest.NewCloud(options)
	s.simulator.SetBaseURL(s.webexURL())
	return nil
}

// customerRegions are the simulator's regions that the functions trust.
func (s *settings) customerRegions() []string {
	trusted := s.trustedRegions()
	return slices.DeleteFunc(s.simulator.Regions(), func(region string) bool { return !slices.Contains(trusted, region) })
}

func (s *settings) trustedRegions() []string {
	given, ok := s.given["WEBEX_REGIONS"]
	if !ok {
		return webex.DefaultRegions
	}
	regions := strings.Split(given, ",")
	for i := range regions {
		regions[i] = strings.TrimSpace(regions[i])
	}
	return regions
}

// samplePath is the path of the sample vendor's pages on the simulator's port:
// those that devices show, and the one that cross-launches open.
const samplePath = "/sample/"

// serveSimulator serves the simulated Webex, its Control Hub and the sample pages.
func (s *Stack) serveSimulator() {
	s.console = console.New(console.Options{
		Webex: s.simulator, Wire: s.settings.wire, Regions: s.settings.customerRegions(),
		Table:       dynamo.New(s.table.newClient(), s.TableName()),
		Environment: func() (map[string]string, error) { return s.Environment(verifyFunction) },
		Verify: func(ctx context.Context, event []byte) ([]byte, error) {
			result, err := s.Invoke(ctx, verifyFunction, event)
			return result.Payload, err
		},
	})
	samples := sample.New(s.URL(), s.Secrets().ContentKey())
	mux := http.NewServeMux()
	mux.Handle("/", s.console)
	mux.Handle(samplePath, loopback.Only(http.StripPrefix(strings.TrimSuffix(samplePath, "/"), samples), false))
	s.serve(s.settings.webex, mux)
}

// verifyFunction is the function that Control Hub's button invokes.
const verifyFunction = "VerifyConfigsFunction"
