package config

import (
	"cmp"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"signpost/shared/secret"
	"signpost/shared/secret/document"
	"signpost/shared/webex"
)

// Limits in characters, as in the template.
const (
	maxVendorName = 128
	maxTable      = 1024
)

// Table is the DynamoDB table of installations and launches.
type Table struct {
	Name string // or ARN; INSTALLATIONS_TABLE
}

var tablePattern = regexp.MustCompile(`^[A-Za-z0-9_.:/-]+$`)

func (t *Table) load(r *reader) {
	const fix = "set it to the name of the DynamoDB table"
	t.Name = r.required("INSTALLATIONS_TABLE", fix)
	if t.Name != "" && (len(t.Name) > maxTable || !tablePattern.MatchString(t.Name)) {
		r.problem("INSTALLATIONS_TABLE", fix, "is not a table name")
	}
}

// Tokens is what a token of Webex is verified with.
type Tokens struct {
	// AppID is WEBEX_APP_ID in lower case.
	AppID string
	// KeySetURLs are the addresses of the key sets by trusted region: WEBEX_REGIONS
	// and WEBEX_JWKS_URLS.
	KeySetURLs map[string]string
	Hosts      webex.Hosts // WEBEX_HOSTS
}

var uuidPattern = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// IsUUID reports whether a text is a UUID, as app ids and the keys of organizations are.
func IsUUID(text string) bool { return uuidPattern.MatchString(text) }

func (t *Tokens) load(r *reader) {
	const fix = "set it to the id in the integration's manifest"
	t.AppID = strings.ToLower(r.required("WEBEX_APP_ID", fix))
	if t.AppID != "" && !IsUUID(t.AppID) {
		r.problem("WEBEX_APP_ID", fix, "is not a UUID")
	}
	t.loadKeySets(r)

	list := cmp.Or(r.environ["WEBEX_HOSTS"], webex.DefaultHosts)
	hosts, err := webex.ParseHosts(list, !r.onAWS())
	for _, wrong := range split(err) {
		r.problem("WEBEX_HOSTS", "separate host names by commas, or unset it for Webex's own", "is not valid: %s", wrong)
	}
	t.Hosts = hosts
}

func (t *Tokens) loadKeySets(r *reader) {
	override := map[string]string{}
	if raw := r.environ["WEBEX_JWKS_URLS"]; raw != "" {
		if err := json.Unmarshal([]byte(raw), &override); err != nil {
			r.problem("WEBEX_JWKS_URLS", `write it as {"region": "https://…"}, or unset it for Webex's own`, "is not a JSON object of strings")
			override = nil
		}
	}
	t.KeySetURLs = map[string]string{}
	list := cmp.Or(r.environ["WEBEX_REGIONS"], strings.Join(webex.DefaultRegions, ","))
	for i, region := range strings.Split(list, ",") {
		region = strings.TrimSpace(region)
		urls, err := webex.KeySetURLs([]string{region}, override)
		if err == nil && override[region] != "" {
			err = checkAddress(override[region], !r.onAWS())
		}
		switch {
		case err == nil:
			t.KeySetURLs[region] = urls[region]
		case override[region] != "":
			r.problem("WEBEX_JWKS_URLS", "give each region the https address of its key set", "is not valid for entry %d of WEBEX_REGIONS: %v", i+1, err)
		default:
			r.problem("WEBEX_REGIONS", "separate region names by commas, or unset it for the three commercial ones", "is not valid: entry %d: %v", i+1, err)
		}
	}
}

// Features is what this deployment provides to Control Hub.
type Features struct {
	// DeviceURLs are the addresses that devices open, by feature. It has provided
	// features only: SIGNAGE_URL, PWA_URL.
	DeviceURLs    map[webex.Feature]string
	XAPIAllowList string // PWA_XAPI_ALLOW_LIST
}

// Provides reports whether this deployment provides feature.
func (f Features) Provides(feature webex.Feature) bool { return f.DeviceURLs[feature] != "" }

// deviceVariables name the setting that provides each feature.
var deviceVariables = map[webex.Feature]string{
	webex.DigitalSignage: "SIGNAGE_URL", webex.PersistentWebApp: "PWA_URL",
}

func (f *Features) load(r *reader) {
	f.DeviceURLs = map[webex.Feature]string{}
	for _, feature := range webex.Features {
		variable := deviceVariables[feature]
		raw := r.environ[variable]
		if raw == "" {
			continue
		}
		r.deviceURL(variable, raw, feature)
		f.DeviceURLs[feature] = raw
	}
	if len(f.DeviceURLs) == 0 {
		r.problem("SIGNAGE_URL, PWA_URL", "set the page that devices show for each feature that you provide", "are both unset")
	}
	f.XAPIAllowList = r.allowList("PWA_XAPI_ALLOW_LIST")
	if f.XAPIAllowList != "" && !f.Provides(webex.PersistentWebApp) {
		r.problem("PWA_XAPI_ALLOW_LIST", "set PWA_URL too, or unset it for Webex's default, the host of PWA_URL", "is set without PWA_URL")
	}
}

// Provider is how this deployment appears to Webex and to administrators.
type Provider struct {
	Features
	ClientID string // WEBEX_CLIENT_ID
	// PublicURL is the base address of the API without a slash at its end, "" for
	// API Gateway's: PUBLIC_URL.
	PublicURL      string
	VerifyInterval time.Duration // VERIFY_INTERVAL
	// VerifyRate limits the calls per second that verification makes to Webex, 0 for
	// no limit: VERIFY_RATE.
	VerifyRate float64
	VendorName string // VENDOR_NAME; may be empty
	// SupportURL is the https or mailto address of the vendor's support, "" for
	// none: SUPPORT_URL.
	SupportURL string
	// WelcomeURL is the vendor's page that an activation in the browser ends with, "" for
	// none: WELCOME_URL.
	WelcomeURL string
}

func (p *Provider) load(r *reader) {
	p.Features.load(r)
	const fix = "set it to the OAuth client id that Control Hub showed when the manifest was uploaded"
	p.ClientID = r.required("WEBEX_CLIENT_ID", fix)
	if p.ClientID != "" && !webex.IsClientID(p.ClientID) {
		r.problem("WEBEX_CLIENT_ID", fix, "is not an OAuth client id: letters, digits and . _ ~ - only, %d at most", webex.MaxClientID)
	}
	p.PublicURL = r.publicURL("PUBLIC_URL")
	p.VerifyInterval = r.interval("VERIFY_INTERVAL")
	p.VerifyRate = r.rate("VERIFY_RATE")
	p.SupportURL = r.supportURL("SUPPORT_URL")
	p.WelcomeURL = r.welcomeURL("WELCOME_URL")
	p.VendorName = r.environ["VENDOR_NAME"]
	if !printable(p.VendorName) || utf8.RuneCountInString(p.VendorName) > maxVendorName {
		r.problem("VENDOR_NAME", "set it to a name on one line, or unset it", "has control characters or is over %d characters", maxVendorName)
	}
}

// interval reads the time between verifications of an installation.
func (r *reader) interval(variable string) time.Duration {
	const shortest, longest, usual = time.Second, 24 * time.Hour, time.Hour
	raw := r.environ[variable]
	if raw == "" {
		return usual
	}
	interval, err := time.ParseDuration(raw)
	if err != nil || interval < shortest || interval > longest {
		r.problem(variable, "set it to a duration such as 90s, 15m or 1h30m, or unset it for 1h", "is not a Go duration from 1s to 24h")
	}
	return interval
}

// rate reads a number of calls per second.
func (r *reader) rate(variable string) float64 {
	const least, most = 1, 10_000
	raw := r.environ[variable]
	if raw == "" {
		return 0
	}
	rate, err := strconv.ParseUint(raw, 10, 32)
	if err != nil || rate < least || rate > most || raw[0] == '0' {
		r.problem(variable, "set it to calls per second such as 100, or unset it for no limit", "is not a whole number from %d to %d", least, most)
	}
	return float64(rate)
}

// Manifest is what the manifests of private integrations say: WEBEX_MANIFEST. Set Check,
// which returns all problems of the JSON, before [Load]; otherwise only its size is
// checked.
type Manifest struct {
	JSON  string // "" if private integrations are not offered
	Check func(text string) error
}

// maxManifest is limited since all settings of a function share 4 KB.
const maxManifest = 2048

func (m *Manifest) load(r *reader) {
	const fix = `write it as {"displayName": "…", "email": "…", "description": "…"}, or unset it if you do not invite customers to private integrations`
	m.JSON = r.environ["WEBEX_MANIFEST"]
	if m.JSON == "" {
		return
	}
	if len(m.JSON) > maxManifest {
		r.problem("WEBEX_MANIFEST", fix, "is over %d bytes", maxManifest)
	}
	if m.Check == nil {
		return
	}
	for _, wrong := range split(m.Check(m.JSON)) {
		r.problem("WEBEX_MANIFEST", fix, "is not valid: %s", wrong)
	}
}

// Launch is what a cross-launch needs.
type Launch struct {
	Features
	ContentURL string // the vendor's page for administrators: CONTENT_URL
}

func (l *Launch) load(r *reader) {
	l.Features.load(r)
	l.ContentURL = r.contentURL("CONTENT_URL")
}

// allParts are the parts of the secret document that any function needs.
var allParts = []document.Part{document.ClientSecret, document.ContentAPIKey, document.TokenKeyset, document.VendorAPIKeys}

// Secret is the location of the secret document: SECRET_ID, SECRET_JSON. Set Needs
// before [Load], which checks that the document in SECRET_JSON has these parts.
type Secret document.Location

func (s *Secret) load(r *reader) {
	const both = "SECRET_ID, SECRET_JSON"
	s.ID, s.JSON = r.environ["SECRET_ID"], secret.New(r.environ["SECRET_JSON"])
	// The SAM CLI cannot leave out the template's SECRET_ID, so the document wins.
	if !s.JSON.IsZero() && r.samLocal() {
		s.ID = ""
	}
	switch {
	case s.ID == "" && s.JSON.IsZero():
		r.problem(both, "set SECRET_ID to a Secrets Manager secret, or SECRET_JSON to the document itself", "are both unset")
	case s.ID != "" && !s.JSON.IsZero():
		r.problem(both, "unset one of them", "are both set")
	case s.ID != "" && strings.ContainsFunc(s.ID, func(c rune) bool { return c <= ' ' || c > '~' }):
		r.problem("SECRET_ID", "set it to the ARN or the name of a Secrets Manager secret", "is not the id of a secret")
	case s.ID == "":
		_, err := document.Parse([]byte(s.JSON.Reveal()), s.Needs...)
		for _, wrong := range split(err) {
			r.problem("SECRET_JSON", `write it as {"clientSecret": "…", "contentApiKey": "…", "tokenKeyset": {…}, "vendorApiKeys": {"label": "…"}}`, "is not valid: %s", wrong)
		}
	}
}

// split splits joined errors, so that each becomes its own problem.
func split(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
