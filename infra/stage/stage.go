// Package stage owns the settings of a deployment: their file, their form, and
// what is wrong with them. One file per stage holds all that a person has to
// say, for the functions, the stack and the manifest alike; nothing in it is
// secret, so that it may be kept with the code.
//
// It asks nobody, calls nothing and knows no AWS.
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
)

// Production is the stage that is protected against deletion and encrypted with
// a key of its own.
const Production = "prod"

// Settings are those of one stage.
type Settings struct {
	// Name is the stage's; it is the name of its file.
	Name string `json:"-"`

	// Variables are settings of the functions, by the names of their
	// environment variables. What is left out has the template's default.
	Variables   map[string]string `json:"variables"`
	Deployment  Deployment        `json:"deployment"`
	Integration Integration       `json:"integration"`
	// Written is what the last written manifest was.
	Written Written `json:"manifestWritten"`
}

// Deployment is what the stack around the functions is like. The zero value is
// good.
type Deployment struct {
	Architecture     string `json:"architecture,omitempty"`
	LogRetentionDays int    `json:"logRetentionDays,omitempty"`
	// Domain is a host name of one's own for the API, with a certificate of the
	// stack's region. With a hosted zone of Route 53 the name is made too.
	Domain         string `json:"domain,omitempty"`
	CertificateARN string `json:"certificateArn,omitempty"`
	HostedZoneID   string `json:"hostedZoneId,omitempty"`
	// Firewall puts CloudFront with rules for each caller's address in front of
	// the API, at Domain, and has the API's own address refuse everybody else.
	// The certificate is then one of [FirewallRegion].
	Firewall bool `json:"firewall,omitempty"`
	// APIURL is the address that API Gateway gave, and Table the name that
	// DynamoDB did, once they are known.
	APIURL string `json:"apiUrl,omitempty"`
	Table  string `json:"table,omitempty"`
	// AlarmEmail hears of alarms.
	AlarmEmail string `json:"alarmEmail,omitempty"`
	// TokenInvalidPerDay is how many customers may lose their token in a day
	// before a person must look. Default: none.
	TokenInvalidPerDay int `json:"tokenInvalidPerDay,omitempty"`
	// ReservedConcurrency is kept for the schedule's function; 0 keeps none.
	// New accounts have too little to reserve any.
	ReservedConcurrency int `json:"reservedConcurrency,omitempty"`
	// VerifyRuns is how many functions share each minute's verification; 0
	// leaves it to the template.
	VerifyRuns int `json:"verifyRuns,omitempty"`
	// Schedules is ENABLED or DISABLED, which stops all verification: of two
	// stacks with the same customers only one may verify. "" leaves it to the
	// template.
	Schedules string            `json:"schedules,omitempty"`
	Tags      map[string]string `json:"tags,omitempty"`
}

// SchedulesOff reports whether the stack's schedules are disabled.
func (d Deployment) SchedulesOff() bool { return d.Schedules == "DISABLED" }

// Integration is what the manifest says of the vendor and asks of the customer,
// beside what follows from the variables.
type Integration struct {
	DisplayName    string `json:"displayName"`
	Email          string `json:"email"`
	Description    string `json:"description"`
	DescriptionURL string `json:"descriptionUrl,omitempty"`
	TermsURL       string `json:"tocUrl,omitempty"`
	Availability   string `json:"availability"`
	// Provisioning is "https", where Control Hub posts the activation code, or
	// "manual", where an admin pastes it.
	Provisioning string `json:"provisioning"`
	// Role is asked for with each admin scope, if any.
	Role string `json:"role,omitempty"`
	// JSXAPI asks that the web app may use the device's xAPI directly.
	JSXAPI bool `json:"jsxapi,omitempty"`
	// XAPI is what else the integration does with devices: paths by kind.
	XAPI XAPI `json:"xapi,omitzero"`
}

// XAPI lists paths of the devices' own API.
type XAPI struct {
	Status   []string `json:"status,omitempty"`
	Commands []string `json:"commands,omitempty"`
	Events   []string `json:"events,omitempty"`
}

// Written is a manifest as it was written: its version, and the digest of the
// rest.
type Written struct {
	Version int    `json:"version,omitempty"`
	Digest  string `json:"digest,omitempty"`
}

// Production reports whether this is the stage that customers use.
func (s Settings) Production() bool { return s.Name == Production }

// Deployed reports whether a deployment of the stage has succeeded, as far as
// the file tells.
func (s Settings) Deployed() bool { return s.Deployment.APIURL != "" }

// Protected reports whether stack and table are protected against deletion. They
// are not before a first deployment has succeeded: one that fails could not be
// taken back, nor repeated.
func (s Settings) Protected() bool { return s.Production() && s.Deployed() }

// PublicURL is the API's address without a slash at its end, as the functions
// take it too, "" while nobody knows it.
func (s Settings) PublicURL() string {
	if s.Deployment.Domain != "" {
		return "https://" + s.Deployment.Domain
	}
	return strings.TrimRight(cmp.Or(s.Variables["PUBLIC_URL"], s.Deployment.APIURL), "/")
}

// Environment is what the stack gives to its functions, as far as the file
// tells; which function gets which secret is the template's to say, and this is
// the integration's.
func (s Settings) Environment() map[string]string {
	environ := map[string]string{"INSTALLATIONS_TABLE": s.Deployment.Table, "SECRET_ID": Secrets(s.Name)[0].Name}
	maps.Copy(environ, s.Variables)
	if s.Deployment.Domain != "" {
		environ["PUBLIC_URL"] = s.PublicURL()
	}
	return environ
}

var namePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,15}$`)

// CheckName returns an error for what cannot be a stage.
func CheckName(name string) error {
	if strings.HasSuffix(name, firewallSuffix) {
		return fmt.Errorf("STAGE is %q: names that end so are those of other stages' firewalls", name)
	}
	if !namePattern.MatchString(name) {
		return fmt.Errorf("STAGE is %q: it must be a short name such as dev or prod, of lower-case letters, digits and -", name)
	}
	return nil
}

// File is where a stage's settings are, below the project's root.
func File(root, name string) string {
	return filepath.Join(root, "infra", "stages", name+".json")
}

// Read reads a stage's settings without judging them. One that has none yet has
// a name only, and found is false.
func Read(root, name string) (s Settings, found bool, err error) {
	s = Settings{Name: name, Variables: map[string]string{}}
	if err := CheckName(name); err != nil {
		return s, false, err
	}
	text, err := os.ReadFile(File(root, name))
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err != nil {
		return s, false, fmt.Errorf("settings of %s: %w", name, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		return s, false, fmt.Errorf("settings of %s: %s: %w", name, File(root, name), err)
	}
	if s.Variables == nil {
		s.Variables = map[string]string{}
	}
	return s, true, nil
}

// Write writes the settings, whole or not at all.
func (s Settings) Write(root string) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // addresses are to be read by people
	encoder.SetIndent("", "  ")
	err := encoder.Encode(s)
	file := File(root, s.Name)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o755)
	}
	if err == nil {
		err = os.WriteFile(file+".new", text.Bytes(), 0o644)
	}
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	if err != nil {
		return fmt.Errorf("settings of %s: %w", s.Name, err)
	}
	return nil
}
