// Package channel owns the vendor's channels: named sets of the addresses that differ
// between customers. The channel [Default] is the environment's settings; the others are
// in a document, whose revisions the store keeps. An installation has the channel that it
// was assigned to, else the one that claims its region, else the default one.
//
// It does no I/O but through [Store].
//
// This file holds the document and its rules.
package channel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"signpost/shared/config"
	"signpost/shared/installation"
)

const (
	// Default is the name of the channel of the environment's settings.
	Default = installation.DefaultChannel
	// MaxDocument is the greatest size of a document, in bytes.
	MaxDocument = 64 << 10
)

// Variables lists the settings that a channel may replace, by their names in the
// environment.
var Variables = []string{"SIGNAGE_URL", "PWA_URL", "PWA_XAPI_ALLOW_LIST", "CONTENT_URL"}

// Document is the JSON form of all channels but the default one, by name.
type Document struct {
	Channels map[string]Channel `json:"channels"`
}

// Channel is one named set of settings.
type Channel struct {
	// Regions are the Webex regions whose installations have this channel unless they
	// are assigned to another one.
	Regions []string
	// Settings replace those of the environment, by the names in [Variables]. A missing one
	// is the environment's, an empty one is unset.
	Settings map[string]string
}

// UnmarshalJSON implements [json.Unmarshaler]. It refuses unknown members.
func (c *Channel) UnmarshalJSON(raw []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		return errors.New("a channel must be an object")
	}
	*c = Channel{Settings: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		value, err := "", error(nil)
		switch {
		case name == "regions":
			err = json.Unmarshal(members[name], &c.Regions)
		case slices.Contains(Variables, name):
			err = json.Unmarshal(members[name], &value)
			c.Settings[name] = value
		default:
			return fmt.Errorf("member %q is unknown: a channel has regions, %s", name, strings.Join(Variables, ", "))
		}
		if err != nil || bytes.Equal(bytes.TrimSpace(members[name]), []byte("null")) {
			return fmt.Errorf("member %s must be %s", name, map[bool]string{true: "an array of strings", false: "a string"}[name == "regions"])
		}
	}
	return nil
}

// MarshalJSON implements [json.Marshaler].
func (c Channel) MarshalJSON() ([]byte, error) {
	members := map[string]any{}
	if len(c.Regions) > 0 {
		members["regions"] = c.Regions
	}
	for name, value := range c.Settings {
		members[name] = value
	}
	return json.Marshal(members)
}

// Parse reads a document. It checks its form only; see [Document.Check].
func Parse(raw []byte) (Document, error) {
	var d Document
	if len(raw) > MaxDocument {
		return d, fmt.Errorf("is over %d bytes", MaxDocument)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return Document{}, fmt.Errorf(`is not {"channels": {"<name>": {…}}}: %w`, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Document{}, errors.New("has something after the JSON document")
	}
	return d, nil
}

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// IsName reports whether a text can be the name of a channel in a document.
func IsName(text string) bool { return namePattern.MatchString(text) && text != Default }

// Check returns all problems of the document together, under this environment: each
// channel must be valid as settings are, and a region is claimed once.
func (d Document) Check(environ map[string]string) error {
	var tokens config.Tokens
	_ = config.Load(environ, &tokens) // the environment's own problems are not the document's
	var wrong []error
	claimed := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(d.Channels)) {
		if !IsName(name) {
			wrong = append(wrong, fmt.Errorf("channel %q: the name must have lower-case letters, digits and hyphens only, 63 at most, and %s is the environment's", name, Default))
		}
		for _, region := range d.Channels[name].Regions {
			if _, known := tokens.KeySetURLs[region]; !known {
				wrong = append(wrong, fmt.Errorf("channel %s: region %q is none of WEBEX_REGIONS: %s", name, region, strings.Join(slices.Sorted(maps.Keys(tokens.KeySetURLs)), ", ")))
			}
			if other, twice := claimed[region]; twice {
				wrong = append(wrong, fmt.Errorf("channel %s: region %q is claimed by %s already", name, region, other))
			}
			claimed[region] = name
		}
	}
	_, err := d.Resolve(environ)
	return errors.Join(append(wrong, err)...)
}
