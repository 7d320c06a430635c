package stack

import (
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

const settingSimulator = "WEBEX_SIMULATOR"

func (s *settings) simulatorOn() bool { return s.given[settingSimulator] != "off" }

// prepareSimulator makes a Webex whose integration is the one that the
// functions are set up for, with a customer in each region that they trust.
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
	s.simulator = webextest.NewCloud(options)
	s.simulator.SetBaseURL(s.webexURL())
	for _, region := range s.simulator.Regions() {
		if slices.Contains(s.trustedRegions(), region) {
			s.simulator.AddOrganization("Example customer in "+region, region)
		}
	}
	return nil
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

// samplePath is where the simulator's port serves pages in the vendor's place:
// what devices show, and what cross-launch opens.
const samplePath = "/sample/"

// withSamples adds the sample pages to the simulator.
func withSamples(simulator http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", simulator)
	mux.HandleFunc("GET "+samplePath+"{page}", showSample)
	return mux
}

var samplePage = template.Must(template.New("sample").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sample {{.Page}}</title>
<style>body{font:1.2rem system-ui,sans-serif;margin:3rem;line-height:1.6}code{overflow-wrap:anywhere}</style>
<h1>Sample {{.Page}}</h1>
<p>This page stands in for the vendor's. It was opened with:</p>
<dl>{{range $name, $values := .Query}}<dt>{{$name}}</dt><dd><code>{{range $values}}{{.}} {{end}}</code></dd>{{end}}</dl>
{{with index .Query "launch"}}<p>The vendor's server now redeems the launch:
<code>POST /launches/{{index . 0}}</code> with the content API key as bearer token.</p>{{end}}
</html>
`))

func showSample(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.Header().Set("Referrer-Policy", "no-referrer") // the address holds the launch code
	_ = samplePage.Execute(w, map[string]any{"Page": r.PathValue("page"), "Query": r.URL.Query()})
}
