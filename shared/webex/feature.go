package webex

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Feature is what an integration can provide to Control Hub, by Webex's name.
type Feature string

// The features there are [page].
const (
	DigitalSignage   Feature = "digital_signage"
	PersistentWebApp Feature = "persistent_web_app"
)

// Features lists them in the order in which they are reported.
var Features = [...]Feature{DigitalSignage, PersistentWebApp}

// Known reports whether Webex has such a feature.
func (f Feature) Known() bool { return slices.Contains(Features[:], f) }

// Task is what an admin does in a cross-launch, by Webex's name [java].
type Task string

// The tasks there are.
const (
	AssignContent Task = "assign_content"
	ManageContent Task = "manage_content"
)

// FeatureConfig is the configuration of one feature: what Control Hub offers
// and what devices show.
type FeatureConfig struct {
	Feature Feature
	// ContentURL is what devices show, with `$(…)` values that Webex fills in.
	// On the wire it is named signageUrl or pwaUrl, like the API's own address
	// in a token: two things, one name [page].
	ContentURL string
	// AssignContentURL and ManageContentURL receive the cross-launches.
	AssignContentURL string
	ManageContentURL string
	// XAPIAllowList is the web app's directXapiAccessAllowListOverride; empty
	// leaves Webex's default, the host of ContentURL [java].
	XAPIAllowList string
}

type wireConfig struct {
	SignageURL    string           `json:"signageUrl,omitempty"`
	PWAURL        string           `json:"pwaUrl,omitempty"`
	CrossLaunch   *wireCrossLaunch `json:"crossLaunch,omitempty"`
	XAPIAllowList string           `json:"directXapiAccessAllowListOverride,omitempty"`
}

type wireCrossLaunch struct {
	ManageContent *wireLink `json:"manageContent,omitempty"`
	AssignContent *wireLink `json:"assignContent,omitempty"`
}

type wireLink struct {
	URL string `json:"url"`
}

// encode writes the body of a PUT. `&` and `$(` stay as they are: the bytes
// that an operator configured are the bytes that Webex stores.
func (c FeatureConfig) encode() ([]byte, error) {
	wire := wireConfig{CrossLaunch: &wireCrossLaunch{
		ManageContent: &wireLink{c.ManageContentURL}, AssignContent: &wireLink{c.AssignContentURL},
	}}
	switch c.Feature {
	case DigitalSignage:
		wire.SignageURL = c.ContentURL
	case PersistentWebApp:
		wire.PWAURL, wire.XAPIAllowList = c.ContentURL, c.XAPIAllowList
	default:
		return nil, fmt.Errorf("encode a configuration: unknown feature %q", c.Feature)
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(wire); err != nil {
		return nil, fmt.Errorf("encode a configuration: %w", err)
	}
	return body.Bytes(), nil
}

// urlMember is the name on the wire of what devices show.
func (f Feature) urlMember() string {
	if f == PersistentWebApp {
		return "pwaUrl"
	}
	return "signageUrl"
}

// decodeConfig reads the answer to a GET: only what is used of it, by names in
// any case. An answer without the URL that devices show stores none, in whatever
// words: an empty one, null, an object without it [ours]. The error is
// [ErrNotFound] then.
func decodeConfig(feature Feature, body []byte) (FeatureConfig, error) {
	if text := string(bytes.TrimSpace(withoutMark(body))); text == "" || text == "null" {
		return FeatureConfig{}, ErrNotFound
	}
	stored, err := readMembers(body)
	if err != nil {
		return FeatureConfig{}, fmt.Errorf("decode a configuration: %w", err)
	}
	if stored.raw(feature.urlMember()) == nil {
		return FeatureConfig{}, ErrNotFound
	}
	links := stored.object("crossLaunch")
	config := FeatureConfig{
		Feature: feature, ContentURL: member[string](stored, feature.urlMember()),
		AssignContentURL: member[string](links.object("assignContent"), "url"),
		ManageContentURL: member[string](links.object("manageContent"), "url"),
	}
	if feature == PersistentWebApp {
		config.XAPIAllowList = member[string](stored, "directXapiAccessAllowListOverride")
	}
	return config, nil
}

// Equal reports whether the two mean the same to Webex: URLs compared byte for
// byte, the allow list by its effect, since leaving it out means the host of
// ContentURL [java].
func (c FeatureConfig) Equal(other FeatureConfig) bool {
	return c.Feature == other.Feature && c.ContentURL == other.ContentURL &&
		c.AssignContentURL == other.AssignContentURL && c.ManageContentURL == other.ManageContentURL &&
		c.effectiveAllowList() == other.effectiveAllowList()
}

// effectiveAllowList is written in one way for one effect: host names have no
// case, and blanks around the commas mean nothing.
func (c FeatureConfig) effectiveAllowList() string {
	list := c.XAPIAllowList
	if u, err := url.Parse(c.Feature.shortest(c.ContentURL)); err == nil && list == "" && c.Feature == PersistentWebApp {
		list = u.Hostname()
	}
	return strings.ReplaceAll(strings.ToLower(list), " ", "")
}
