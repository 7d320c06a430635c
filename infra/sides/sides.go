// Package sides compares what Signpost wants and holds of an installation with
// what Webex holds of it: the two sides that everything else keeps equal.
//
// It owns the comparison and its words. It asks nobody for anything: whoever
// uses it has read the table and asked Webex, or a simulated one.
package sides

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// Line is one property, as each side has it.
type Line struct {
	Name         string
	Ours, Theirs string // "" if a side has nothing
	Differs      bool
}

func line(name, ours, theirs string) Line {
	return Line{Name: name, Ours: ours, Theirs: theirs, Differs: ours != theirs}
}

// known is a line that differs only if both sides say something.
func known(name, ours, theirs string) Line {
	l := line(name, ours, theirs)
	l.Differs = l.Differs && ours != "" && theirs != ""
	return l
}

// Differing counts the lines that differ.
func Differing(lines []Line) int {
	n := 0
	for _, l := range lines {
		if l.Differs {
			n++
		}
	}
	return n
}

// Held is what Webex holds of the installation itself.
type Held struct {
	Installed         bool
	Subject           string
	Region            string
	ProvisioningState string
	ManifestVersion   int
	Scopes            []string
	AppURL            string
	ActionsURL        string
}

// Installation compares the installation itself. actionsURL is what Webex
// should have been told; row may be the zero value.
func Installation(row installation.Installation, actionsURL string, held Held) []Line {
	exists := row.Exists()
	state := Line{Name: "State", Ours: string(row.State), Theirs: held.ProvisioningState, Differs: exists != held.Installed}
	if exists && held.Installed {
		state.Differs = held.ProvisioningState != "completed"
	}
	lines := []Line{state}
	if !exists && !held.Installed {
		return lines
	}
	if !exists {
		row, actionsURL = installation.Installation{}, ""
	}
	if !held.Installed {
		held = Held{}
	}
	return append(lines,
		line("Region", row.Region, held.Region),
		line("Organization", row.Subject, held.Subject),
		known("Manifest version", version(row.ManifestVersion), version(held.ManifestVersion)),
		known("Scopes", list(row.Scopes), list(held.Scopes)),
		line("App URL", row.URLs.App, held.AppURL),
		line("Actions URL", actionsURL, held.ActionsURL),
	)
}

func version(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func list(scopes []string) string {
	return strings.Join(slices.Sorted(slices.Values(scopes)), ", ")
}

// Configuration compares what is wanted of a feature with what Webex stores;
// nil is nothing.
func Configuration(wanted, held *webex.FeatureConfig) []Line {
	ours, theirs := fields(wanted), fields(held)
	lines := []Line{
		line("Devices show", ours.ContentURL, theirs.ContentURL),
		line("Assign content", ours.AssignContentURL, theirs.AssignContentURL),
		line("Manage content", ours.ManageContentURL, theirs.ManageContentURL),
	}
	if cmp.Or(ours.XAPIAllowList, theirs.XAPIAllowList) != "" {
		allowed := line("xAPI allow list", ours.XAPIAllowList, theirs.XAPIAllowList)
		if wanted != nil && held != nil { // left out and spelled out may mean the same
			aligned := *held
			aligned.ContentURL, aligned.AssignContentURL, aligned.ManageContentURL = ours.ContentURL, ours.AssignContentURL, ours.ManageContentURL
			allowed.Differs = !wanted.Equal(aligned)
		}
		lines = append(lines, allowed)
	}
	return lines
}

func fields(config *webex.FeatureConfig) webex.FeatureConfig {
	if config == nil {
		return webex.FeatureConfig{}
	}
	return *config
}

// ConfigOf reads a configuration from the object that Webex's API shows.
func ConfigOf(feature webex.Feature, object map[string]any) webex.FeatureConfig {
	return webex.FeatureConfig{
		Feature:          feature,
		ContentURL:       at(object, feature.ContentURLMember()),
		AssignContentURL: at(object, "crossLaunch", "assignContent", "url"),
		ManageContentURL: at(object, "crossLaunch", "manageContent", "url"),
		XAPIAllowList:    at(object, feature.AllowListMember()),
	}
}

// at is the text at a path of an object.
func at(object map[string]any, path ...string) string {
	for _, name := range path[:len(path)-1] {
		object, _ = object[name].(map[string]any)
	}
	text, _ := object[path[len(path)-1]].(string)
	return text
}
