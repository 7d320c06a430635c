package webextest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/mail"
	"regexp"
	"slices"
	"strings"
)

// The availabilities of a manifest [editor].
const (
	availabilityPrivate = "org_private"
	availabilityGlobal  = "global"
)

// ScopePWAXAPI lets a persistent web app use the device's xAPI [page].
const ScopePWAXAPI = "spark-admin:devices_pwa_jsxapi"

// manifest has the members of a manifest that the simulator reads [editor].
type manifest struct {
	ID              string       `json:"id"`
	ManifestVersion int          `json:"manifestVersion"`
	DisplayName     string       `json:"displayName"`
	Vendor          string       `json:"vendor"`
	Email           string       `json:"email"`
	Description     string       `json:"description"`
	DescriptionURL  string       `json:"descriptionUrl"`
	TermsURL        string       `json:"tocUrl"`
	Availability    string       `json:"availability"`
	APIAccess       []apiAccess  `json:"apiAccess"`
	Provisioning    provisioning `json:"provisioning"`
	Features        []string     `json:"features"`
}

type apiAccess struct {
	Scope  string `json:"scope"`
	Access string `json:"access"`
}

type provisioning struct {
	Type               string `json:"type"`
	URL                string `json:"url"`
	ActivationGuideURL string `json:"activationGuideUrl"`
}

// scopes are all that the manifest names: an administrator grants them together.
func (m manifest) scopes() []string {
	scopes := make([]string, len(m.APIAccess))
	for i, access := range m.APIAccess {
		scopes[i] = access.Scope
	}
	return scopes
}

// upload is the manifest that the Options describe, with an OAuth client.
func (o Options) upload(clientID, clientSecret string) *upload {
	m := manifest{
		ID: o.AppID, ManifestVersion: 1, DisplayName: "Default integration", Availability: availabilityPrivate,
		Features: slices.Clone(o.Features),
	}
	for _, scope := range o.Scopes {
		m.APIAccess = append(m.APIAccess, apiAccess{Scope: scope, Access: "required"})
	}
	return &upload{ClientID: clientID, ClientSecret: clientSecret, manifest: m}
}

// parseManifest reads a manifest, or returns all its problems. Members that it does not
// know are ignored.
func parseManifest(text []byte) (manifest, error) {
	members, err := decodeObject(text)
	if err != nil {
		return manifest{}, fmt.Errorf("the manifest is not a JSON object: %w", err)
	}
	if problems := manifestProblems(members); len(problems) > 0 {
		return manifest{}, errors.New(strings.Join(problems, "\n"))
	}
	var m manifest
	return m, json.Unmarshal(text, &m)
}

// manifestProblems checks a manifest [editor]. Each problem names the member and how to
// fix it.
func manifestProblems(m map[string]any) []string {
	all := []string{uuidText("id", m["id"]), version("manifestVersion", m["manifestVersion"])}
	for _, name := range []string{"displayName", "vendor", "description"} {
		all = append(all, filledText(name, m[name]))
	}
	all = append(all, address("email", m["email"]), oneOf(availabilityPrivate, availabilityGlobal)("availability", m["availability"]))
	for _, name := range []string{"descriptionUrl", "tocUrl"} {
		if value, ok := m[name]; ok {
			all = append(all, webURL(name, value))
		}
	}
	all = append(all, provisioningProblems(m["provisioning"])...)
	provided, problems := featureList(m["features"])
	all = append(all, problems...)
	all = append(all, accessProblems(m["apiAccess"], provided)...)
	return slices.DeleteFunc(all, func(problem string) bool { return problem == "" })
}

// provisioningProblems: url and activationGuideUrl exclude each other [editor].
func provisioningProblems(value any) []string {
	p, ok := value.(map[string]any)
	if !ok {
		return []string{`provisioning must be an object: {"type": "manual"}, or {"type": "https", "url": "https://…"}`}
	}
	problems := []string{oneOf("manual", "https")("provisioning.type", p["type"])}
	u, hasURL := p["url"]
	guide, hasGuide := p["activationGuideUrl"]
	switch {
	case hasURL && hasGuide:
		problems = append(problems, "provisioning.url and provisioning.activationGuideUrl exclude each other: keep url with the type https, activationGuideUrl with the type manual")
	case p["type"] == "https" && hasGuide:
		problems = append(problems, "provisioning.activationGuideUrl is for the type manual only: remove it")
	case p["type"] == "manual" && hasURL:
		problems = append(problems, "provisioning.url is for the type https only: remove it, or set the type https")
	}
	if hasURL || p["type"] == "https" {
		problems = append(problems, webURL("provisioning.url", u))
	}
	if hasGuide {
		problems = append(problems, webURL("provisioning.activationGuideUrl", guide))
	}
	return problems
}

// featureList returns the known features of a list, and its problems. A manifest
// without a feature is refused [ours].
func featureList(value any) (provided, problems []string) {
	known := slices.Sorted(maps.Keys(features))
	list, ok := value.([]any)
	if !ok || len(list) == 0 {
		return nil, []string{"features must be a list of " + strings.Join(known, ", ") + ", or one of them"}
	}
	for n, value := range list {
		if problem := oneOf(known...)(fmt.Sprintf("features[%d]", n), value); problem != "" {
			problems = append(problems, problem)
			continue
		}
		if slices.Contains(provided, value.(string)) {
			problems = append(problems, fmt.Sprintf("features[%d] repeats %s: remove it", n, value))
		}
		provided = append(provided, value.(string))
	}
	return provided, problems
}

// accessProblems: each feature requires its scope, and the scope for xAPI the web app
// [page].
func accessProblems(value any, provided []string) []string {
	list, ok := value.([]any)
	if !ok {
		return []string{`apiAccess must be a list of {"scope", "access"} with the scopes of the features`}
	}
	var problems, scopes []string
	for n, value := range list {
		name := fmt.Sprintf("apiAccess[%d]", n)
		entry, _ := value.(map[string]any)
		scope, _ := entry["scope"].(string)
		problems = append(problems, filledText(name+".scope", entry["scope"]), oneOf("required", "optional")(name+".access", entry["access"]))
		if role, ok := entry["role"]; ok {
			problems = append(problems, filledText(name+".role", role))
		}
		scopes = append(scopes, scope)
	}
	for _, feature := range provided {
		if scope := features[feature].scope; !slices.Contains(scopes, scope) {
			problems = append(problems, fmt.Sprintf("apiAccess lacks %s, which %s requires: add it", scope, feature))
		}
	}
	if slices.Contains(scopes, ScopePWAXAPI) && !slices.Contains(provided, PersistentWebApp) {
		problems = append(problems, fmt.Sprintf("apiAccess has %s, which is for %s only: remove it", ScopePWAXAPI, PersistentWebApp))
	}
	return problems
}

var uuidPattern = regexp.MustCompile(`^(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// uuidText and the checks below return a problem, or "".
func uuidText(name string, value any) string {
	if s, ok := value.(string); ok && uuidPattern.MatchString(s) {
		return ""
	}
	return name + " must be a UUID: generate one, and keep it in later versions"
}

func version(name string, value any) string {
	if n, ok := value.(float64); ok && n >= 1 && n == float64(int32(n)) {
		return ""
	}
	return name + " must be a whole number from 1: raise it with each upload"
}

func filledText(name string, value any) string {
	if s, ok := value.(string); ok && strings.TrimSpace(s) != "" {
		return ""
	}
	return name + " must be a text that is not empty"
}

func address(name string, value any) string {
	s, _ := value.(string)
	if parsed, err := mail.ParseAddress(s); err == nil && parsed.Address == s {
		return ""
	}
	return name + " must be an address such as support@example.com"
}
