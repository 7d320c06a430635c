// Package compare compares what Signpost wants and stores of an installation with
// what Webex stores, as lines of text. It does no I/O: the caller reads the table and
// Webex.
package compare

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"signpost/shared/installation"
	"signpost/shared/webex"
)

// Line is one property, as Signpost and as Webex store it.
type Line struct {
	Name         string
	Ours, Theirs string // "" for none
	Differs      bool
}

func line(name, ours, theirs string) Line {
	return Line{Name: name, Ours: ours, Theirs: theirs, Differs: ours != theirs}
}

// reported is the line of a property that Webex reports only with an update. Until
// then, its absence is not a difference.
func reported(exists bool, name, ours, theirs string) Line {
	l := line(name, ours, theirs)
	l.Differs = l.Differs && ours != "" && theirs != ""
	if exists && ours == "" {
		l.Ours = "not reported yet"
	}
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

// Stored is what Webex stores of the installation, without its configurations.
type Stored struct {
	Installed         bool
	Subject           string
	Region            string
	ProvisioningState string
	ManifestVersion   int
	Scopes            []string
	AppURL            string
	ActionsURL        string
}

// Installation compares all but the configurations. actionsURL is the one that
// Webex should have registered; row may be the zero value.
func Installation(row installation.Installation, actionsURL string, stored Stored) []Line {
	exists := row.Exists()
	state := Line{Name: "State", Ours: string(row.State), Theirs: stored.ProvisioningState, Differs: exists != stored.Installed}
	if exists && stored.Installed {
		state.Differs = stored.ProvisioningState != "completed"
	}
	lines := []Line{state}
	if !exists && !stored.Installed {
		return lines
	}
	if !exists {
		row, actionsURL = installation.Installation{}, ""
	}
	if !stored.Installed {
		stored = Stored{}
	}
	return append(lines,
		line("Region", row.Region, stored.Region),
		line("Organization", row.Subject, stored.Subject),
		reported(exists, "Manifest version", version(row.ManifestVersion), version(stored.ManifestVersion)),
		reported(exists, "Scopes", list(row.Scopes), list(stored.Scopes)),
		line("App URL", row.URLs.App, stored.AppURL),
		line("Actions URL", actionsURL, stored.ActionsURL),
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

// Configuration compares the wanted configuration of a feature with the one that
// Webex stores. Nil means none.
func Configuration(wanted, stored *webex.FeatureConfig) []Line {
	ours, theirs := fields(wanted), fields(stored)
	lines := []Line{
		line("Devices show", ours.DeviceURL, theirs.DeviceURL),
		line("Assign content", ours.AssignContentURL, theirs.AssignContentURL),
		line("Manage content", ours.ManageContentURL, theirs.ManageContentURL),
	}
	if cmp.Or(ours.XAPIAllowList, theirs.XAPIAllowList) != "" {
		allowed := line("xAPI allow list", ours.XAPIAllowList, theirs.XAPIAllowList)
		if wanted != nil && stored != nil { // an omitted list is equal to the default one
			aligned := *stored
			aligned.DeviceURL, aligned.AssignContentURL, aligned.ManageContentURL = ours.DeviceURL, ours.AssignContentURL, ours.ManageContentURL
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

// ConfigOf reads a configuration from the object that Webex's API returns.
func ConfigOf(feature webex.Feature, object map[string]any) webex.FeatureConfig {
	return webex.FeatureConfig{
		Feature:          feature,
		DeviceURL:        at(object, feature.DeviceURLMember()),
		AssignContentURL: at(object, "crossLaunch", "assignContent", "url"),
		ManageContentURL: at(object, "crossLaunch", "manageContent", "url"),
		XAPIAllowList:    at(object, feature.AllowListMember()),
	}
}

// at returns the string at a path of an object, "" if there is none.
func at(object map[string]any, path ...string) string {
	for _, name := range path[:len(path)-1] {
		object, _ = object[name].(map[string]any)
	}
	text, _ := object[path[len(path)-1]].(string)
	return text
}
