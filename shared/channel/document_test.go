package channel_test

import (
	"encoding/json"
	"strings"
	"testing"

	"signpost/shared/channel"
	"signpost/shared/config/configtest"
	"signpost/shared/installation"
	"signpost/shared/webex"
)

const document = `{"channels": {
	"europe": {"regions": ["eu-central-1_k"], "SIGNAGE_URL": "https://eu.example.com/?d=$(deviceId)", "CONTENT_URL": "https://eu.example.com/content"},
	"pilot":  {"SIGNAGE_URL": "https://next.example.com/{installationKey}", "PWA_URL": ""}
}}`

func parsed(t *testing.T, text string) channel.Document {
	t.Helper()
	d, err := channel.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSet(t *testing.T) {
	environ := configtest.Environ()
	d := parsed(t, document)
	if err := d.Check(environ); err != nil {
		t.Fatal(err)
	}
	set, err := d.Resolve(environ)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(set.Names(), " "); got != "default europe pilot" {
		t.Errorf("names %s", got)
	}
	for _, test := range []struct{ assigned, region, want, signage, webApp string }{
		{"", "us-west-2_r", "default", environ["SIGNAGE_URL"], environ["PWA_URL"]},
		{"", "eu-central-1_k", "europe", "https://eu.example.com/?d=$(deviceId)", environ["PWA_URL"]},
		{"pilot", "eu-central-1_k", "pilot", "https://next.example.com/{installationKey}", ""},
		{"gone", "eu-central-1_k", "europe", "https://eu.example.com/?d=$(deviceId)", environ["PWA_URL"]},
		{"default", "eu-central-1_k", "default", environ["SIGNAGE_URL"], environ["PWA_URL"]},
	} {
		i := installation.Installation{Channel: test.assigned, Statement: installation.Statement{Region: test.region}}
		name := set.Name(i)
		of := set.Of(name)
		if name != test.want || of.DeviceURLs[webex.DigitalSignage] != test.signage || of.DeviceURLs[webex.PersistentWebApp] != test.webApp {
			t.Errorf("%+v: %s %v", test, name, of.DeviceURLs)
		}
	}
	for region, want := range map[string]string{"us-west-2_r": environ["CONTENT_URL"], "eu-central-1_k": "https://eu.example.com/content"} {
		if got := set.ContentURL(region); got != want {
			t.Errorf("content of %s is %s, want %s", region, got, want)
		}
	}
}

// A deployment provides what one of its channels does.
func TestProvides(t *testing.T) {
	environ := configtest.Environ()
	delete(environ, "PWA_URL")
	set, err := parsed(t, `{"channels": {"a": {"PWA_URL": "https://a.example.com/"}}}`).Resolve(environ)
	if err != nil || !set.Provides(webex.PersistentWebApp) || !set.Provides(webex.DigitalSignage) || set.Of("default").Provides(webex.PersistentWebApp) {
		t.Errorf("%+v, %v", set, err)
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		``:                          "is not {",
		`[]`:                        "is not {",
		`{"channel": {}}`:           `unknown field "channel"`,
		`{"channels": {}} {}`:       "after the JSON document",
		`{"channels": {"a": []}}`:   "a channel must be an object",
		`{"channels": {"a": null}}`: "a channel must be an object",
		`{"channels": {"a": {"SIGNAGE_URL": 1}}}`:                     "SIGNAGE_URL must be a string",
		`{"channels": {"a": {"PWA_URL": null}}}`:                      "PWA_URL must be a string",
		`{"channels": {"a": {"regions": "x"}}}`:                       "regions must be an array",
		`{"channels": {"a": {"VERIFY_RATE": "1"}}}`:                   `"VERIFY_RATE" is unknown: a channel has regions, SIGNAGE_URL`,
		`{"channels": {}}` + strings.Repeat(" ", channel.MaxDocument): "over 65536 bytes",
	} {
		if _, err := channel.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", text, err, want)
		}
	}
}

// All problems are said at once, with the channel's name, and none that is the
// environment's.
func TestCheck(t *testing.T) {
	environ := configtest.Environ()
	environ["SUPPORT_URL"] = "wrong" // not the document's
	err := parsed(t, `{"channels": {
		"default": {}, "Upper": {},
		"a": {"regions": ["mars", "us-west-2_r"], "SIGNAGE_URL": "http://a.example.com/", "CONTENT_URL": "https://a.example.com/?launch=1"},
		"b": {"regions": ["us-west-2_r"], "PWA_URL": "", "PWA_XAPI_ALLOW_LIST": "a.example.com"},
		"c": {"SIGNAGE_URL": "https://a.example.com/{orgId}", "PWA_URL": "https://a.example.com/$(x)"},
		"d": {"SIGNAGE_URL": "", "PWA_URL": ""}
	}}`).Check(environ)
	if err == nil {
		t.Fatal("accepted")
	}
	lines := strings.Split(err.Error(), "\n")
	wants := []string{
		`channel "Upper": the name`, `channel a: region "mars" is none of WEBEX_REGIONS`, `channel b: region "us-west-2_r" is claimed by a already`, `channel "default": the name`,
		"channel a: SIGNAGE_URL must begin with https://", "channel a: CONTENT_URL has a query parameter `launch`", "channel b: PWA_XAPI_ALLOW_LIST is set without PWA_URL",
		"channel c: SIGNAGE_URL has an unknown value in braces: use only {region}", "channel c: PWA_URL has an unknown replacement value", "channel d: SIGNAGE_URL, PWA_URL are both unset",
	}
	for _, want := range wants {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing: %s", want)
		}
	}
	if len(lines) != len(wants) {
		t.Errorf("%d problems, want %d:\n%v", len(lines), len(wants), err)
	}
}

// A document survives being stored, an empty setting included.
func TestDocumentAsJSON(t *testing.T) {
	d := parsed(t, document)
	encoded, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(parsed(t, string(encoded)))
	if err != nil || string(again) != string(encoded) || !strings.Contains(string(encoded), `"PWA_URL":""`) {
		t.Errorf("%s became %s, %v", encoded, again, err)
	}
}
