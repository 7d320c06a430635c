package webextest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// An installation is one integration in one organization, guarded by the cloud's
// lock. Its JSON is in the files of [Cloud.Persist], like that of a
// storedConfiguration.
type installation struct {
	org               string
	ID                string                         `json:"id"`
	Client            string                         `json:"client"`
	Region            string                         `json:"region"`
	FormerRegions     map[string]int                 `json:"formerRegions"`       // region → status of its endpoints since the move
	MovedFrom         string                         `json:"movedFrom,omitempty"` // the region before a move whose update token was not minted yet
	ManifestVersion   int                            `json:"manifestVersion"`
	Features          []string                       `json:"features"`
	Scopes            []string                       `json:"scopes"`
	CreatedAt         time.Time                      `json:"createdAt"`
	UpdatedAt         time.Time                      `json:"updatedAt"`
	ProvisioningState string                         `json:"provisioningState"`
	ActionsURL        string                         `json:"actionsUrl"`
	OperationalState  string                         `json:"operationalState"`
	TokensState       string                         `json:"tokensState"`
	Customer          map[string]any                 `json:"customer"`
	Webhook           map[string]any                 `json:"webhook"`
	Queue             map[string]any                 `json:"queue"`
	Configurations    map[string]storedConfiguration `json:"configurations"`

	NewestRefreshToken string `json:"newestRefreshToken,omitempty"`
}

// storedConfiguration is what the integration PUT, and what Webex adds to it.
type storedConfiguration struct {
	Values  map[string]any `json:"values"`
	Version int            `json:"version"`
	Stored  time.Time      `json:"stored"`

	// Sequence orders the configurations of a feature in an organization: devices
	// show the one with the highest.
	Sequence int `json:"sequence,omitempty"`
}

// InstallationView is Webex's record of the integration in an organization.
type InstallationView struct {
	ID                string         `json:"id"` // the installation's own, part of its URLs
	OrgID             string         `json:"orgId"`
	Region            string         `json:"region"`
	ProvisioningState string         `json:"provisioningState"` // in_progress, error, completed
	OperationalState  string         `json:"operationalState"`
	TokensState       string         `json:"tokensState"` // of the last health check
	ActionsURL        string         `json:"actionsUrl"`
	Customer          map[string]any `json:"customer"`
	ManifestVersion   int            `json:"manifestVersion"`
	Scopes            []string       `json:"scopes"`
	Features          []string       `json:"features"`
	AppURL            string         `json:"appUrl"`
	SignageURL        string         `json:"signageUrl"` // of the API, not what devices show
	PWAURL            string         `json:"pwaUrl"`
	OAuthURL          string         `json:"oauthUrl"`

	// FullyProvisioned: the state is completed and every feature of the manifest has
	// a configuration. Control Hub then offers the integration [page].
	FullyProvisioned bool `json:"fullyProvisioned"`
}

// Installation is Webex's record of the integration in an organization; false if it
// is not installed.
func (i *Integration) Installation(orgID string) (InstallationView, bool) {
	defer i.cloud.lock()()
	inst := i.installed(orgID)
	if inst == nil {
		return InstallationView{}, false
	}
	urls := i.cloud.urls(inst)
	view := InstallationView{
		ID: inst.ID, OrgID: inst.org, Region: inst.Region, ManifestVersion: inst.ManifestVersion,
		ProvisioningState: inst.ProvisioningState, OperationalState: inst.OperationalState, TokensState: inst.TokensState,
		ActionsURL: inst.ActionsURL, Customer: maps.Clone(inst.Customer),
		Scopes: slices.Clone(inst.Scopes), Features: slices.Clone(inst.Features),
		AppURL: urls["appUrl"], SignageURL: urls["signageUrl"], PWAURL: urls["pwaUrl"], OAuthURL: urls["oauthUrl"],
		FullyProvisioned: inst.ProvisioningState == "completed",
	}
	for _, feature := range inst.Features {
		_, stored := inst.Configurations[feature]
		view.FullyProvisioned = view.FullyProvisioned && stored
	}
	return view, true
}

// SetScopes changes what the administrator granted. Access tokens issued
// earlier keep the scopes they were issued with.
func (i *Integration) SetScopes(orgID string, scopes []string) {
	defer i.cloud.change(orgID)()
	if inst := i.installed(orgID); inst != nil {
		inst.Scopes = slices.Clone(scopes)
	}
}

func (i *Integration) newInstallation(org *organization) *installation {
	now, manifest := i.cloud.now(), i.upload.manifest
	inst := &installation{
		ID: newUUID(), org: org.ID, Client: i.upload.ClientID, Region: org.Region, FormerRegions: map[string]int{},
		ManifestVersion: manifest.ManifestVersion, Features: slices.Clone(manifest.Features), Scopes: manifest.scopes(),
		CreatedAt: now, UpdatedAt: now, ProvisioningState: "in_progress", TokensState: "unknown",
		Configurations: map[string]storedConfiguration{},
	}
	i.cloud.installations[inst.ID] = inst
	return inst
}

// uninstall deletes an installation, its configurations and its tokens.
func (c *Cloud) uninstall(inst *installation) {
	delete(c.installations, inst.ID)
	maps.DeleteFunc(c.refreshTokens, func(_ string, t *refreshToken) bool { return t.Installation == inst.ID })
	maps.DeleteFunc(c.accessTokens, func(_ string, t *accessToken) bool { return t.Installation == inst.ID })
	if org := c.org(inst.org); org != nil && org.installed[inst.Client] == inst {
		delete(org.installed, inst.Client)
	}
}

// urls are the addresses in tokens, by claim. Only features of the manifest have
// the address of an API [page].
func (c *Cloud) urls(inst *installation) map[string]string {
	base := c.regionURL(inst.Region)
	app := base + "/xapi/api/organizations/" + inst.org + "/apps/" + inst.ID
	urls := map[string]string{
		"oauthUrl":         base + "/v1/access_token",
		"webexapisBaseUrl": base + "/v1",
		"appUrl":           app,
		"manifestUrl":      app + "/manifest",
	}
	for _, feature := range inst.Features {
		if api, known := features[feature]; known {
			urls[api.claim] = app + "/features/" + feature
		}
	}
	return urls
}

// authorize finds the installation of a request and checks the bearer token. A
// region that the customer left responds to all requests with OldStatus [ours].
func (c *Cloud) authorize(q *apiRequest) (*installation, *accessToken, *response) {
	fail := func(status int, message string) (*installation, *accessToken, *response) {
		res := webexError(status, message)
		if status == http.StatusUnauthorized {
			res.header = map[string]string{"WWW-Authenticate": "Bearer"}
		}
		return nil, nil, &res
	}
	inst := c.installations[q.PathValue("installation")]
	if inst != nil && inst.org == q.PathValue("org") {
		if status, moved := inst.FormerRegions[q.PathValue("region")]; moved {
			return fail(status, "The organization has moved to another region")
		}
	}
	scheme, value, _ := strings.Cut(q.Header.Get("Authorization"), " ")
	token := c.accessTokens[strings.TrimSpace(value)]
	switch {
	case !strings.EqualFold(scheme, "Bearer") || token == nil || !c.now().Before(token.Expires):
		return fail(http.StatusUnauthorized, "The access token is missing, unknown, revoked or expired")
	case inst == nil || inst.org != q.PathValue("org") || inst.Region != q.PathValue("region"):
		return fail(http.StatusNotFound, "There is no such installation")
	case token.Installation != inst.ID:
		return fail(http.StatusForbidden, "The access token belongs to another installation")
	}
	return inst, token, nil
}
