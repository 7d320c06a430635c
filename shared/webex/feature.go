package webex

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Feature is a feature that an integration can provide, by Webex's name.
type Feature string

// All features [page].
const (
	DigitalSignage   Feature = "digital_signage"
	PersistentWebApp Feature = "persistent_web_app"
)

// featureSpec holds everything in which features differ.
type featureSpec struct {
	name  Feature
	title string // for people
	scope string // required of an access token [page]
	// claim is the token's claim with the address of its configuration API, and
	// deviceURL the member of a configuration with the address that devices
	// show. The two happen to have the same name [page].
	claim, deviceURL string
	// allowList is the member of a configuration that lists the hosts with access
	// to the device's API, "" if the feature has none [java].
	allowList string
	// stored is the member of Webex's record of an installation with the stored
	// configuration [java].
	stored string
	// values are allowed in the `$(…)` of the address that devices show [page].
	values []string
}

// featureSpecs are all features [page], in the order in which they are reported.
// To add one:
//
//  1. here: its constant and its line in this table; a new `$(…)` value also
//     needs its greatest length in valueLengths;
//  2. package config: the setting that provides it, with its own rules if any;
//  3. template.yaml: the parameter, and the variable of the functions;
//  4. package webextest: its line in the table of features, which is independent
//     of this one, so that each checks the other;
//  5. infra/setup and infra/manifest: the question for its setting, and its name;
//  6. infra/local: the default of its setting, and the sample page that it shows.
//
// Everything else iterates over [Features].
var featureSpecs = []featureSpec{
	{
		name: DigitalSignage, title: "Digital signage", scope: "spark-admin:devices_digital_signage",
		claim: "signageUrl", deviceURL: "signageUrl", stored: "digitalSignageConfiguration",
		values: []string{"deviceId", "deviceName", "deviceModel", "ownerId", "ownerName", "organizationId"},
	},
	{
		name: PersistentWebApp, title: "Persistent web apps", scope: "spark-admin:devices_pwa",
		claim: "pwaUrl", deviceURL: "pwaUrl", stored: "persistentWebAppConfiguration",
		allowList: "directXapiAccessAllowListOverride",
		values:    []string{"deviceId", "deviceName", "deviceModel", "ownerId", "ownerName", "peripheralSerial", "organizationId"},
	},
}

// Features lists them in the order in which they are reported.
var Features = func() (names []Feature) {
	for _, spec := range featureSpecs {
		names = append(names, spec.name)
	}
	return names
}()

// spec is the feature's line of the table, the zero value for an unknown feature.
func (f Feature) spec() featureSpec {
	at := slices.IndexFunc(featureSpecs, func(s featureSpec) bool { return s.name == f })
	if at < 0 {
		return featureSpec{}
	}
	return featureSpecs[at]
}

// Known reports whether Webex has the feature.
func (f Feature) Known() bool { return f.spec().name != "" }

// Title is the feature's name for people, "" for an unknown feature.
func (f Feature) Title() string { return f.spec().title }

// Scope is the scope that the feature's API requires of an access token [page].
func (f Feature) Scope() string { return f.spec().scope }

// DeviceURLMember is the member of the feature's configuration with the address
// that devices show [page].
func (f Feature) DeviceURLMember() string { return f.spec().deviceURL }

// AllowListMember is the member of the feature's configuration that lists the
// hosts with access to the device's API, "" if the feature has none [java].
func (f Feature) AllowListMember() string { return f.spec().allowList }

// Task is what an admin does in a cross-launch, by Webex's name [java].
type Task string

// All tasks.
const (
	AssignContent Task = "assign_content"
	ManageContent Task = "manage_content"
)

// FeatureConfig is the configuration of one feature: what Control Hub offers
// and what devices show.
type FeatureConfig struct {
	Feature Feature
	// DeviceURL is the address that devices show, with `$(…)` values that Webex
	// fills in.
	DeviceURL string
	// AssignContentURL and ManageContentURL receive the cross-launches.
	AssignContentURL string
	ManageContentURL string
	// XAPIAllowList lists the hosts with access to the device's API, if the feature
	// has that. Empty means Webex's default, the host of DeviceURL [java].
	XAPIAllowList string
}

// encode writes the body of a PUT without HTML escapes: Webex stores the bytes
// that the operator configured.
func (c FeatureConfig) encode() ([]byte, error) {
	if !c.Feature.Known() {
		return nil, fmt.Errorf("encode a configuration: unknown feature %q", c.Feature)
	}
	spec, link := c.Feature.spec(), func(url string) map[string]string { return map[string]string{"url": url} }
	wire := map[string]any{
		spec.deviceURL: c.DeviceURL,
		"crossLaunch":  map[string]any{"manageContent": link(c.ManageContentURL), "assignContent": link(c.AssignContentURL)},
	}
	if spec.allowList != "" && c.XAPIAllowList != "" {
		wire[spec.allowList] = c.XAPIAllowList
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(wire); err != nil {
		return nil, fmt.Errorf("encode a configuration: %w", err)
	}
	return body.Bytes(), nil
}

// decodeConfig reads the response to a GET, with member names in any case. An empty
// body, null, or an object without the address that devices show means that no
// configuration is stored [ours], which is [ErrNotFound].
func decodeConfig(feature Feature, body []byte) (FeatureConfig, error) {
	if text := string(bytes.TrimSpace(trimBOM(body))); text == "" || text == "null" {
		return FeatureConfig{}, ErrNotFound
	}
	stored, err := readMembers(body)
	if err != nil {
		return FeatureConfig{}, fmt.Errorf("decode a configuration: %w", err)
	}
	spec := feature.spec()
	if stored.raw(spec.deviceURL) == nil {
		return FeatureConfig{}, ErrNotFound
	}
	links := stored.object("crossLaunch")
	config := FeatureConfig{
		Feature: feature, DeviceURL: member[string](stored, spec.deviceURL),
		AssignContentURL: member[string](links.object("assignContent"), "url"),
		ManageContentURL: member[string](links.object("manageContent"), "url"),
	}
	if spec.allowList != "" {
		config.XAPIAllowList = member[string](stored, spec.allowList)
	}
	return config, nil
}

// Equal reports whether the two have the same effect: URLs are compared byte for
// byte, the allow list by its hosts, where none means the host of DeviceURL [java].
func (c FeatureConfig) Equal(other FeatureConfig) bool {
	return c.Feature == other.Feature && c.DeviceURL == other.DeviceURL &&
		c.AssignContentURL == other.AssignContentURL && c.ManageContentURL == other.ManageContentURL &&
		c.effectiveAllowList() == other.effectiveAllowList()
}

// effectiveAllowList is the list in canonical form: in lower case, without blanks.
func (c FeatureConfig) effectiveAllowList() string {
	list := c.XAPIAllowList
	if u, err := url.Parse(c.Feature.shortest(c.DeviceURL)); err == nil && list == "" && c.Feature.AllowListMember() != "" {
		list = u.Hostname()
	}
	return strings.ReplaceAll(strings.ToLower(list), " ", "")
}
