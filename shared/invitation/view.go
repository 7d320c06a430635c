package invitation

import (
	"time"

	"signpost/shared/installation"
)

// View is an invitation as commands and the vendor API show it. Times are RFC 3339 in UTC.
type View struct {
	ID string `json:"id"`
	// URL, which is a credential, is known when the invitation is made only.
	URL       string `json:"url,omitempty"`
	State     State  `json:"state"`
	Private   bool   `json:"private"`
	AppID     string `json:"appId"`
	Reference string `json:"reference,omitempty"`
	Label     string `json:"label,omitempty"`
	CreatedAt string `json:"createdAt"`
	ExpiresAt string `json:"expiresAt"`
	UsedAt    string `json:"usedAt,omitempty"`
	UsedBy    string `json:"usedBy,omitempty"` // the organization's key
}

// View returns the invitation as it is at now, with the given URL.
func (i Invitation) View(url string, now time.Time) View {
	return View{
		ID: i.ID, URL: url, State: i.State(now), Private: i.Private, AppID: i.AppID, Reference: i.Reference, Label: i.Label,
		CreatedAt: installation.Timestamp(i.CreatedAt), ExpiresAt: installation.Timestamp(i.ExpiresAt), UsedAt: installation.Timestamp(i.UsedAt), UsedBy: i.UsedBy.OrgKey,
	}
}

// URL returns the link of an invitation with this code. base is the API's address.
func (Invitation) URL(base, code string) string { return base + "/activation?invite=" + code }
