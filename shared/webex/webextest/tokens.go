package webextest

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The actions of tokens [java].
const (
	ActionProvision      = "provision"
	ActionUpdateApproved = "updateApproved"
	ActionUpdate         = "update"
	ActionHealthCheck    = "healthCheck"
	ActionDeprovision    = "deprovision"
	ActionCrossLaunch    = "crossLaunch"
)

// The OAuth client of somebody else who uploaded a manifest with our id.
const (
	strangerClientID     = "Cstranger0d9e84c07b5a6f0e1d2c3b4a59687f6e5d4c3b2a1908f7e6d5c4b3a"
	strangerClientSecret = "simulated-secret-of-a-stranger"
)

// ErrNotInstalled: the integration is not installed in the organization.
var ErrNotInstalled = errors.New("the integration is not installed in this organization")

// ErrNoUpdate: no newer manifest was uploaded than the approved one.
var ErrNoUpdate = errors.New("no newer manifest was uploaded")

// MintActivation installs the integration in an organization and returns the
// activation code, as Control Hub shows it for manual provisioning [editor].
//
// The installation starts in_progress. If the integration is already installed,
// the installation and its configurations stay, in_progress again, and another
// refresh token is issued; the earlier ones stay valid [ours].
//
// It returns [ErrNotAvailable] for another organization's private integration.
func (i *Integration) MintActivation(orgID string) (string, error) {
	defer i.cloud.change(orgID)()
	org, err := i.cloud.mustOrg(orgID)
	if err != nil {
		return "", err
	}
	inst := org.installed[i.upload.ClientID]
	if inst == nil && !i.availableTo(orgID) {
		return "", ErrNotAvailable
	}
	if inst == nil {
		inst = i.newInstallation(org)
		org.installed[inst.Client] = inst
	}
	inst.ProvisioningState = "in_progress"
	return i.provisionToken(org, inst), nil
}

// MintStrangerActivation returns an activation code for the default integration's
// appId whose refresh token belongs to another upload of the manifest, so that its
// exchange with our client returns invalid_grant. It does not change the
// installations in the organization.
func (c *Cloud) MintStrangerActivation(orgID string) (string, error) {
	defer c.change(orgID)()
	org, err := c.mustOrg(orgID)
	if err != nil {
		return "", err
	}
	stranger := &Integration{cloud: c, upload: c.stranger}
	return stranger.provisionToken(org, stranger.newInstallation(org)), nil
}

// provisionToken has the claims of a real token [token] and the feature APIs [page].
func (i *Integration) provisionToken(org *organization, inst *installation) string {
	c := i.cloud
	claims := c.installationClaims(org, inst)
	maps.Copy(claims, i.actionClaims(org, ActionProvision))
	claims["refreshToken"] = c.issueRefreshToken(inst, "")
	claims["expiryTime"] = c.now().Add(c.opts.ActivationTokenLife).Format("2006-01-02T15:04:05.000000000Z07:00")
	return c.regions[inst.Region].es256().sign(nil, claims)
}

// installationClaims are the claims that describe an installation.
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

// actionClaims are the claims of every action token [page].
func (i *Integration) actionClaims(org *organization, action string) map[string]any {
	return map[string]any{
		"sub":    org.sub(),
		"iat":    i.cloud.now().Unix(),
		"jti":    base64.StdEncoding.EncodeToString([]byte(newUUID())),
		"appId":  i.upload.manifest.ID,
		"action": action,
	}
}

// MintAction returns a token for an action, signed by the organization's current
// region. Extra is merged over the claims sub, iat, jti, appId and action; a nil
// value removes a claim. The token has no region and no exp [page]. MintAction
// changes nothing, and the integration need not be installed.
func (i *Integration) MintAction(orgID, action string, extra map[string]any) (string, error) {
	defer i.cloud.lock()()
	org, err := i.cloud.mustOrg(orgID)
	if err != nil {
		return "", err
	}
	return i.actionToken(org, org.Region, action, extra), nil
}

func (i *Integration) actionToken(org *organization, signedBy, action string, extra map[string]any) string {
	claims := i.actionClaims(org, action)
	maps.Copy(claims, extra)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return i.cloud.regions[signedBy].es256().sign(nil, claims)
}

// MintUpdateApproved approves the manifest that was uploaded last, as an administrator
// does, and returns the token with manifestVersion and changed scopes [java], and the
// addresses of the feature APIs [page]. The configuration of a removed feature is deleted [ours].
//
// The default integration has no uploaded manifest: each approval raises the version.
func (i *Integration) MintUpdateApproved(orgID string) (string, error) {
	return i.mintUpdateApproved(orgID, nil)
}

// mintUpdateApproved is MintUpdateApproved with other features, unless they are nil.
func (i *Integration) mintUpdateApproved(orgID string, features []string) (string, error) {
	defer i.cloud.change(orgID)()
	org, inst, err := i.mustInstallation(orgID)
	if err != nil {
		return "", err
	}
	version, scopes := inst.ManifestVersion+1, inst.Scopes
	if !i.isDefault() {
		if features != nil {
			return "", errors.New("the features are those of the uploaded manifest")
		}
		version, scopes, features = i.upload.manifest.ManifestVersion, i.upload.manifest.scopes(), i.upload.manifest.Features
	}
	if version <= inst.ManifestVersion {
		return "", fmt.Errorf("%w: version %d is approved", ErrNoUpdate, inst.ManifestVersion)
	}
	extra := map[string]any{"manifestVersion": version}
	if !slices.Equal(scopes, inst.Scopes) {
		extra["scopes"] = strings.Join(scopes, ",")
	}
	inst.ManifestVersion, inst.Scopes, inst.UpdatedAt = version, scopes, i.cloud.now()
	if features != nil {
		inst.Features = slices.Clone(features)
		maps.DeleteFunc(inst.Configurations, func(name string, _ storedConfiguration) bool {
			return !slices.Contains(features, name)
		})
	}
	for claim, u := range i.cloud.urls(inst) {
		if claim == "signageUrl" || claim == "pwaUrl" {
			extra[claim] = u
		}
	}
	return i.actionToken(org, org.Region, ActionUpdateApproved, extra), nil
}

// MintDeprovision removes the integration from an organization, with its
// configurations and tokens, and returns the token for the integration.
func (i *Integration) MintDeprovision(orgID string) (string, error) {
	defer i.cloud.change(orgID)()
	org, inst, err := i.mustInstallation(orgID)
	if err != nil {
		return "", err
	}
	i.cloud.uninstall(inst)
	return i.actionToken(org, org.Region, ActionDeprovision, nil), nil
}

// MoveOptions say how an organization moves.
type MoveOptions struct {
	// SignedBy is "old" or "new": the region whose key signs the update token.
	// No source says which; default new [ours].
	SignedBy string `json:"signedBy,omitempty"`
	// NewRefreshToken puts a new refresh token into the update and revokes the old
	// ones.
	NewRefreshToken bool `json:"newRefreshToken,omitempty"`
	// OldStatus is the status of the old region's endpoints for the organization
	// from now on. Default 410 [ours].
	OldStatus int `json:"oldStatus,omitempty"`
	// Extra claims are merged over those of the update token; nil removes one.
	Extra map[string]any `json:"extra,omitempty"`
}

// MintMove moves an organization to another region and returns the update token,
// with region, all URLs of the installation, and optionally a refreshToken [java]
// [node]. Configurations are kept; access tokens are revoked.
//
// Each integration in the organization has an update token of its own: after the
// first one has moved the organization, MintMove to the same region returns it for
// each of the others [ours].
func (i *Integration) MintMove(orgID, newRegion string, o MoveOptions) (string, error) {
	c := i.cloud
	defer c.change(orgID)()
	org, inst, err := i.mustInstallation(orgID)
	if err != nil {
		return "", err
	}
	from := cmp.Or(inst.MovedFrom, org.Region)
	if c.regions[newRegion] == nil || newRegion == from {
		return "", fmt.Errorf("cannot move to region %q", newRegion)
	}
	signedBy, err := signingRegion(o.SignedBy, from, newRegion)
	if err != nil {
		return "", err
	}
	if newRegion != org.Region {
		c.relocate(org, newRegion, cmp.Or(o.OldStatus, 410))
	}
	inst.MovedFrom = ""
	extra := c.installationClaims(org, inst)
	if o.NewRefreshToken {
		i.revokeRefreshTokens(orgID)
		extra["refreshToken"] = c.issueRefreshToken(inst, "")
	}
	maps.Copy(extra, o.Extra)
	return i.actionToken(org, signedBy, ActionUpdate, extra), nil
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

// relocate moves an organization and all its installations.
func (c *Cloud) relocate(org *organization, newRegion string, oldStatus int) {
	for _, inst := range c.installations {
		if inst.org == org.ID {
			defaultTo(&inst.MovedFrom, inst.Region)
			inst.FormerRegions[inst.Region] = oldStatus
			delete(inst.FormerRegions, newRegion)
			inst.Region = newRegion
			inst.UpdatedAt = c.now()
		}
	}
	org.Region, org.Moved = newRegion, true
	c.revokeAccessTokens(org.ID)
}

func (i *Integration) mustInstallation(orgID string) (*organization, *installation, error) {
	org, err := i.cloud.mustOrg(orgID)
	if err != nil {
		return nil, nil, err
	}
	inst := org.installed[i.upload.ClientID]
	if inst == nil {
		return nil, nil, ErrNotInstalled
	}
	return org, inst, nil
}
