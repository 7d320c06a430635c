package installation

import (
	"encoding/json"
	"time"
)

// View is an installation as the vendor's systems see it, by the vendor API and in events.
// Times are RFC 3339 in UTC.
type View struct {
	OrgID       string                 `json:"orgId"`
	OrgKey      string                 `json:"orgKey"`
	OrgName     string                 `json:"orgName"`
	AppID       string                 `json:"appId"`
	Region      string                 `json:"region"`
	State       State                  `json:"state"`
	TokenHealth TokenHealth            `json:"tokenHealth"`
	Features    map[string]FeatureView `json:"features"`
	Scopes      []string               `json:"scopes"`
	// ManifestVersion is the one that the customer has approved.
	ManifestVersion int `json:"manifestVersion"`
	// Channel is the name of its channel, Revision that of the channels that it is to hold.
	Channel        string       `json:"channel"`
	Revision       int          `json:"revision"`
	Reference      string       `json:"reference,omitempty"`
	ActivatedAt    string       `json:"activatedAt"`
	LastVerifiedAt string       `json:"lastVerifiedAt,omitempty"`
	Trouble        *TroubleView `json:"trouble,omitempty"`
}

// FeatureView is the state of a feature's configuration.
type FeatureView struct {
	Status   FeatureStatus `json:"status"`
	PushedAt string        `json:"pushedAt,omitempty"`
}

// TroubleView is the most urgent problem of an installation.
type TroubleView struct {
	Code   TroubleCode `json:"code"`
	Since  string      `json:"since,omitempty"`
	Detail string      `json:"detail"`
	Advice string      `json:"advice"`
}

// View returns the view at now of an installation that is to hold this revision of the
// channels, in which it has this one.
func (i Installation) View(channel string, revision int, now time.Time) View {
	view := View{
		OrgID: i.Subject, OrgKey: i.OrgKey, OrgName: i.OrgName, AppID: i.AppID, Region: i.Region, State: i.State,
		TokenHealth: i.TokenHealth(now), Features: map[string]FeatureView{}, Scopes: append([]string{}, i.Scopes...),
		ManifestVersion: i.ManifestVersion, Channel: channel, Revision: revision, Reference: i.Reference,
		ActivatedAt: Timestamp(i.ActivatedAt), LastVerifiedAt: Timestamp(i.Schedule.VerifiedAt),
	}
	for name, feature := range i.Features {
		view.Features[string(name)] = feature.View()
	}
	if trouble, troubled := i.Trouble(now); troubled {
		view.Trouble = &TroubleView{trouble.Code, Timestamp(trouble.Since), trouble.Detail, trouble.Advice}
	}
	return view
}

// View returns the view of a feature.
func (f Feature) View() FeatureView { return FeatureView{f.Status, Timestamp(f.PushedAt)} }

// Event is what an event says of an installation after the write that announces it.
type Event struct {
	View
	// Generation identifies the activation that the row belongs to.
	Generation Generation `json:"generation"`
}

// Announce returns the installation with the detail of the event that its next write
// announces; see [Installation.View].
func (i Installation) Announce(channel string, revision int, now time.Time) Installation {
	if i.Event = ""; i.Notice != "" {
		detail, _ := json.Marshal(Event{i.View(channel, revision, now), i.Generation}) // plain values always encode
		i.Event = string(detail)
	}
	return i
}
