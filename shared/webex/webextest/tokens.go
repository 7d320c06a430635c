package webextest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The actions that tokens name [java].
const (
	ActionProvision      = "provision"
	ActionUpdateApproved = "updateApproved"
	ActionUpdate         = "update"
	ActionHealthCheck    = "healthCheck"
	ActionDeprovision    = "deprovision"
	ActionCrossLaunch    = "crossLaunch"
)

// The OAuth client of a stranger who uploaded a manifest with our id.
const (
	strangerClientID     = "Cstranger0d9e84c07b5a6f0e1d2c3b4a59687f6e5d4c3b2a1908f7e6d5c4b3a"
	strangerClientSecret = "simulated-secret-of-a-stranger"
)

// ErrNotInstalled says that the integration is not installed in the organization.
var ErrNotInstalled = errors.New("the integration is not installed in this organization")

// MintActivation installs the integration in an organization and returns the
// activation code, as Control Hub shows it for manual provisioning [editor].
//
// The installation starts in_progress. Where the integration is installed
// already, the same installation and its configurations stay, in_progress
// again, and a further refresh token is issued, the others living on [ours].
func (c *Cloud) MintActivation(orgID string) (string, error) {
	defer c.change(orgID)()
	org, err := c.mustOrg(orgID)
	if err != nil {
		return "", err
	}
	if org.installation == nil {
		org.installation = c.newInstallation(org, c.opts.ClientID)
	}
	org.installation.ProvisioningState = "in_progress"
	return c.provisionToken(org, org.installation), nil
}

// MintStrangerActivation returns an activation code that Webex signs for our
// appId though its refresh token belongs to another upload of the manifest, so
// that the exchange with our client is answered invalid_grant. The integration's
// own installation in the organization is left alone.
func (c *Cloud) MintStrangerActivation(orgID string) (string, error) {
	defer c.change(orgID)()
	org, err := c.mustOrg(orgID)
	if err != nil {
		return "", err
	}
	return c.provisionToken(org, c.newInstallation(org, strangerClientID)), nil
}

// provisionToken has the claims of a real one [token], and the feature APIs [page].
func (c *Cloud) provisionToken(org *organization, inst *installation) string {
	claims := c.installationClaims(org, inst)
	maps.Copy(claims, c.actionClaims(org, ActionProvision))
	claims["refreshToken"] = c.issueRefreshToken(inst, "")
	claims["expiryTime"] = c.now().Add(c.opts.ActivationTokenLife).Format("2006-01-02T15:04:05.000000000Z07:00")
	return c.regions[inst.Region].es256().sign(nil, claims)
}

// installationClaims are those that describe an installation.
func (c *Cloud) installationClaims(org *organization, inst *installation) map[string]any {
	claims := map[string]any{
		"region":     inst.Region,
		"orgName":    org.Name,
		"scopes":     strings.Join(inst.Scopes, ","), // one string [token]
		"xapiAccess": xapiAccess,
	}
	for claim, u := range c.urls(inst) {
		claims[claim] = u
	}
	return claims
}

// xapiAccess is a string that holds JSON [token].
const xapiAccess = `{"status":[],"commands":[],"events":[]}`

// actionClaims are those that every action token has [page].
func (c *Cloud) actionClaims(org *organization, action string) map[string]any {
	return map[string]any{
		"sub":    org.sub(),
		"iat":    c.now().Unix(),
		"jti":    base64.StdEncoding.EncodeToString([]byte(newUUID())),
		"appId":  c.opts.AppID,
		"action": action,
	}
}

// MintAction returns a token for an action, signed by the region that serves the
// organization now. It has the claims sub, iat, jti, appId and action, merged
// over by extra, whose nil values remove a claim. It has no region and no exp
// [page]. Nothing happens at Webex, and the organization need not have the
// integration installed.
func (c *Cloud) MintAction(orgID, action string, extra map[string]any) (string, error) {
	defer c.lock()()
	org, err := c.mustOrg(orgID)
	if err != nil {
		return "", err
	}
	return c.actionToken(org, org.Region, action, extra), nil
}

func (c *Cloud) actionToken(org *organization, signedBy, action string, extra map[string]any) string {
	claims := c.actionClaims(org, action)
	maps.Copy(claims, extra)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return c.regions[signedBy].es256().sign(nil, claims)
}

// MintUpdateApproved raises the manifestVersion of an installation, as an
// administrator does by approving a newer manifest, and returns the token: it
// carries manifestVersion [java] and the addresses of the feature APIs [page].
// Nil features keep those of the manifest. A configuration of a feature that is
// no longer in it is forgotten [ours].
func (c *Cloud) MintUpdateApproved(orgID string, features []string) (string, error) {
	defer c.change(orgID)()
	org, inst, err := c.mustInstallation(orgID)
	if err != nil {
		return "", err
	}
	inst.ManifestVersion++
	inst.UpdatedAt = c.now()
	if features != nil {
		inst.Features = slices.Clone(features)
		maps.DeleteFunc(inst.Configurations, func(name string, _ storedConfiguration) bool {
			return !slices.Contains(features, name)
		})
	}
	extra := map[string]any{"manifestVersion": inst.ManifestVersion}
	for claim, u := range c.urls(inst) {
		if claim == "signageUrl" || claim == "pwaUrl" {
			extra[claim] = u
		}
	}
	return c.actionToken(org, org.Region, ActionUpdateApproved, extra), nil
}

// MintDeprovision removes the integration from an organization: Webex forgets
// the installation and its configurations and revokes its tokens. It returns the
// token that tells the integration.
func (c *Cloud) MintDeprovision(orgID string) (string, error) {
	defer c.change(orgID)()
	org, inst, err := c.mustInstallation(orgID)
	if err != nil {
		return "", err
	}
	c.uninstall(inst)
	return c.actionToken(org, org.Region, ActionDeprovision, nil), nil
}

// MoveOptions say how an organization moves.
type MoveOptions struct {
	// SignedBy is "old" or "new": the region whose key signs the update token.
	// No source says which it is [ours]; default new.
	SignedBy string `json:"signedBy,omitempty"`
	// NewRefreshToken issues a new refresh token, carried by the update, and
	// kills the old ones. Otherwise those live on.
	NewRefreshToken bool `json:"newRefreshToken,omitempty"`
	// OldStatus is what the old region's endpoints answer for the organization
	// from now on. Default 410 [ours].
	OldStatus int `json:"oldStatus,omitempty"`
	// Extra claims are merged over those of the update token; nil removes one.
	Extra map[string]any `json:"extra,omitempty"`
}

// MintMove moves an organization to another region and returns the update token:
// it carries region, all URLs of the installation, and optionally a
// refreshToken [java] [node]. Configurations are carried over; access tokens die.
func (c *Cloud) MintMove(orgID, newRegion string, o MoveOptions) (string, error) {
	defer c.change(orgID)()
	org, inst, err := c.mustInstallation(orgID)
	if err != nil {
		return "", err
	}
	if c.regions[newRegion] == nil || newRegion == org.Region {
		return "", fmt.Errorf("cannot move to region %q", newRegion)
	}
	signedBy, err := signingRegion(o.SignedBy, org.Region, newRegion)
	if err != nil {
		return "", err
	}
	defaultTo(&o.OldStatus, 410)
	c.relocate(org, newRegion, o.OldStatus)
	extra := c.installationClaims(org, inst)
	if o.NewRefreshToken {
		c.revokeRefreshTokens(org)
		extra["refreshToken"] = c.issueRefreshToken(inst, "")
	}
	maps.Copy(extra, o.Extra)
	return c.actionToken(org, signedBy, ActionUpdate, extra), nil
}

func signingRegion(which, older, newer string) (string, error) {
	switch which {
	case "", "new":
		return newer, nil
	case "old":
		return older, nil
	}
	return "", errors.New("SignedBy must be old or new, not " + strconv.Quote(which))
}

// relocate moves all that Webex holds of an organization.
func (c *Cloud) relocate(org *organization, newRegion string, oldStatus int) {
	for _, inst := range c.installations {
		if inst.org == org.ID {
			inst.FormerRegions[inst.Region] = oldStatus
			delete(inst.FormerRegions, newRegion)
			inst.Region = newRegion
			inst.UpdatedAt = c.now()
		}
	}
	org.Region, org.Moved = newRegion, true
	c.revokeAccessTokens(org.ID)
}

func (c *Cloud) mustInstallation(orgID string) (*organization, *installation, error) {
	org, err := c.mustOrg(orgID)
	if err != nil {
		return nil, nil, err
	}
	if org.installation == nil {
		return nil, nil, ErrNotInstalled
	}
	return org, org.installation, nil
}
