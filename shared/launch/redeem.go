package launch

import (
	"context"
	"fmt"
	"time"

	"signpost/shared/installation"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// Redeemed is a launch as the content server gets it.
type Redeemed struct {
	// OrgKey is the organization's stable id, by which the content server stores its
	// customers.
	OrgKey string `json:"orgKey"`
	// OrgID is the `sub` of the token. Webex has several forms of it for one
	// organization, and a move may change it.
	OrgID   string `json:"orgId"`
	OrgName string `json:"orgName"`
	// Reference is the vendor's own id of the customer, from the invitation; left out if
	// there is none.
	Reference string `json:"reference,omitempty"`
	AppID     string `json:"appId"`
	// Feature is left out for a [Welcome].
	Feature  webex.Feature `json:"feature,omitempty"`
	Task     webex.Task    `json:"task"`
	Devices  []Device      `json:"devices"`
	IssuedAt string        `json:"issuedAt"` // RFC 3339, in UTC
	*Welcomed
}

// Welcomed is what only a [Welcome] says: what the vendor's onboarding needs to know of
// its new customer.
type Welcomed struct {
	Region   string                                     `json:"region"`
	Scopes   []string                                   `json:"scopes"`
	Features map[webex.Feature]installation.FeatureView `json:"features"`
	// UserID is Webex's id of who activated the integration.
	UserID string `json:"userId,omitempty"`
}

// Redeem returns the launch with this code once. Its error wraps [ErrUnknown] if
// there is none.
func Redeem(ctx context.Context, store Taker, code string, now time.Time) (Redeemed, error) {
	launch, of, err := store.Take(ctx, secret.CodeID(code), now)
	if err != nil {
		return Redeemed{}, fmt.Errorf("redeem a launch: %w", err)
	}
	devices := launch.Devices
	if devices == nil {
		devices = []Device{}
	}
	redeemed := Redeemed{
		OrgKey: launch.OrgKey, OrgID: launch.OrgID, OrgName: of.OrgName, Reference: of.Reference, AppID: launch.AppID,
		Feature: launch.Feature, Task: launch.Task, Devices: devices,
		IssuedAt: launch.IssuedAt.UTC().Format(time.RFC3339),
	}
	if launch.Task == Welcome {
		redeemed.Welcomed = &Welcomed{of.Region, of.Scopes, of.Features, launch.UserID}
	}
	return redeemed, nil
}
