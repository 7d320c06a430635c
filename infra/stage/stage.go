// Package stage defines the settings of a deployment: their file, and the checks
// of their values. One file per stage configures the functions, the stack and the
// manifest. It contains no secrets, so it can be kept under version control.
//
// The package asks no questions and makes no network calls.
package stage

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"signpost/infra/jsonfile"
	"signpost/infra/terminal"
	"signpost/shared/manifest"
)

// Production is the name of the stage that is protected against deletion and
// encrypted with its own key.
const Production = "prod"

// Settings are those of one stage.
type Settings struct {
	// Name is the stage's; it is the name of its file.
	Name string `json:"-"`

	// Variables are settings of the functions, by the names of their environment
	// variables. Missing ones have the template's defaults.
	Variables  map[string]string `json:"variables"`
	Deployment Deployment        `json:"deployment"`
	// Integration is what the manifest says of the integration.
	Integration manifest.Description `json:"integration"`
	// Written describes the last manifest that was written.
	Written Written `json:"manifestWritten"`
	// NextQuestion is the question at which the next interactive setup resumes, ""
	// once all are answered.
	NextQuestion string `json:"nextQuestion,omitempty"`
}

// Deployment configures the stack around the functions. The zero value is valid.
type Deployment struct {
	Architecture     string `json:"architecture,omitempty"`
	LogRetentionDays int    `json:"logRetentionDays,omitempty"`
	// Domain is the vendor's own host name for the API, with a certificate in the
	// stage's region. With a Route 53 hosted zone the DNS record is created too.
	Domain         string `json:"domain,omitempty"`
	CertificateARN string `json:"certificateArn,omitempty"`
	HostedZoneID   string `json:"hostedZoneId,omitempty"`
	// Firewall puts CloudFront with limits per source address in front of the API,
	// at Domain; the API's own address then refuses requests. The certificate must
	// be in [FirewallRegion].
	Firewall bool `json:"firewall,omitempty"`
	// APIURL is the API's address and Table the table's name, both known after
	// the first deployment.
	APIURL string `json:"apiUrl,omitempty"`
	Table  string `json:"table,omitempty"`
	// AlarmEmail receives alarms.
	AlarmEmail string `json:"alarmEmail,omitempty"`
	// Webhook is an https address to which each event is posted; WebhookKey is the
	// number of the key that is sent with it, 1 by default. A greater number is a new
	// key.
	Webhook    string `json:"webhook,omitempty"`
	WebhookKey int    `json:"webhookKey,omitempty"`
	// TokenInvalidPerDay is how many customers may lose their token in a day
	// before the alarm fires; 0 by default.
	TokenInvalidPerDay int `json:"tokenInvalidPerDay,omitempty"`
	// ReservedConcurrency is the concurrency reserved for the schedule's function; 0
	// reserves none. The quota of new accounts is too small to reserve any.
	ReservedConcurrency int `json:"reservedConcurrency,omitempty"`
	// VerifyRuns is how many invocations share each minute's verification; 0
	// means the template's default.
	VerifyRuns int `json:"verifyRuns,omitempty"`
	// Schedules is ENABLED or DISABLED; "" means the template's default. DISABLED
	// stops all verification: of two stacks with the same customers only one may
	// verify.
	Schedules string            `json:"schedules,omitempty"`
	Tags      map[string]string `json:"tags,omitempty"`
}

// SchedulesOff reports whether the stack's schedules are disabled.
func (d Deployment) SchedulesOff() bool { return d.Schedules == "DISABLED" }

// WebhookKeyNumber returns the number of the key that is sent to the webhook.
func (d Deployment) WebhookKeyNumber() int { return max(1, d.WebhookKey) }

// Written identifies a written manifest: its version, and a digest of the rest.
type Written struct {
	Version int    `json:"version,omitempty"`
	Digest  string `json:"digest,omitempty"`
}

// Production reports whether customers use this stage.
func (s Settings) Production() bool { return s.Name == Production }

// Deployed reports whether a deployment of the stage has succeeded, according to
// the file.
func (s Settings) Deployed() bool { return s.Deployment.APIURL != "" }

// FirewallReady reports whether the stage has a firewall that can be deployed: its
// stack requires the API's address.
func (s Settings) FirewallReady() bool { return s.Deployment.Firewall && s.Deployed() }

// Protected reports whether stack and table are protected against deletion. They
// are not before the first deployment has succeeded, since a failed one could
// otherwise be neither rolled back nor repeated.
func (s Settings) Protected() bool { return s.Production() && s.Deployed() }

// PublicURL is the API's address without a trailing slash, as the functions use it,
// "" while it is unknown.
func (s Settings) PublicURL() string {
	return strings.TrimRight(cmp.Or(s.Variable("PUBLIC_URL"), s.Deployment.APIURL), "/")
}

// derived are the variables that follow from other settings.
var derived = []string{"PUBLIC_URL", "WEBEX_MANIFEST"}

// Variable returns the value of a function's variable, "" for the template's default.
// The address is that of the domain, if there is one. What private integrations'
// manifests say follows from the default integration's, as soon as that is complete.
func (s Settings) Variable(name string) string {
	if name == "PUBLIC_URL" && s.Deployment.Domain != "" {
		return "https://" + s.Deployment.Domain
	}
	if value := s.Variables[name]; value != "" || name != "WEBEX_MANIFEST" {
		return value
	}
	text, err := json.Marshal(s.Integration)
	if err != nil || manifest.CheckDescription(string(text), s.Variables["VENDOR_NAME"]) != nil {
		return ""
	}
	return string(text)
}

// Environment returns the variables that the stack passes to its functions, as far
// as the file contains them. SECRET_ID is the integration's secret, although the
// template passes another one to some functions.
func (s Settings) Environment() map[string]string {
	environ := map[string]string{"INSTALLATIONS_TABLE": s.Deployment.Table, "SECRET_ID": Secrets(s.Name)[0].Name}
	maps.Copy(environ, s.Variables)
	for _, name := range derived {
		if value := s.Variable(name); value != "" {
			environ[name] = value
		}
	}
	return environ
}

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,15}$`)

// CheckName returns an error if name is not valid for a stage.
func CheckName(name string) error {
	if strings.HasSuffix(name, firewallSuffix) {
		return fmt.Errorf("stage %q: names that end in "+firewallSuffix+" are reserved for the firewalls of other stages", name)
	}
	if !namePattern.MatchString(name) {
		return fmt.Errorf("stage %q: it must be a short name such as dev or prod, of lower-case letters, digits and -", name)
	}
	return nil
}

// Flags are the flags that name a stage in a command, with a space before each: --config
// too, unless the folder is the working directory.
func Flags(folder, name string) string {
	flags := " --stage " + name
	if folder != "" && folder != "." {
		flags += " --config " + folder
	}
	return flags
}

// File is the file of a stage's settings, in the folder of all stages' settings.
func File(folder, name string) string { return filepath.Join(folder, Stack(name)+".json") }

// ManifestFile is the file of a stage's manifest, beside its settings.
func ManifestFile(folder, name string) string {
	return filepath.Join(folder, Stack(name)+"-manifest.json")
}

// ErrNotFound is returned for a stage without settings.
var ErrNotFound = errors.New("there are no settings")

// Load reads a stage's settings, without checking them. It returns [ErrNotFound] if
// there are none, and proposes the command that asks for them.
func Load(folder, name string) (Settings, error) {
	s, found, err := Read(folder, name)
	if err == nil && !found {
		err = fmt.Errorf("%w of stage %s in %s", ErrNotFound, name, File(folder, name))
		err = terminal.Fixable(err, "signpost setup%s", Flags(folder, name))
	}
	return s, err
}

// Read reads a stage's settings, without checking them. If there are none, found is
// false, and the settings are empty but for the name.
func Read(folder, name string) (s Settings, found bool, err error) {
	s = Settings{Name: name, Variables: map[string]string{}}
	if err := CheckName(name); err != nil {
		return s, false, err
	}
	text, err := os.ReadFile(File(folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err != nil {
		return s, false, fmt.Errorf("settings of %s: %w", name, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return s, false, fmt.Errorf("settings of %s: %s: %w", name, File(folder, name), err)
	}
	if s.Variables == nil {
		s.Variables = map[string]string{}
	}
	return s, true, nil
}

// Write replaces the settings' file atomically.
func (s Settings) Write(folder string) error {
	err := os.MkdirAll(folder, 0o755)
	if err == nil {
		err = jsonfile.Write(File(folder, s.Name), s, 0o644)
	}
	if err != nil {
		return fmt.Errorf("settings of %s: %w", s.Name, err)
	}
	return nil
}
