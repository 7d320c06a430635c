package webextest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// An installation is one integration in one organization, activated once. It is
// guarded by the cloud's lock.
type installation struct {
	id, org, client string
	region          string
	formerRegions   map[string]int // region → status of its endpoints since the move

	manifestVersion   int
	features          []string
	scopes            []string
	createdAt         time.Time
	updatedAt         time.Time
	provisioningState string
	actionsURL        string
	operationalState  string
	tokensState       string
	customer          map[string]any
	webhook, queue    map[string]any
	configurations    map[string]storedConfiguration
}

// storedConfiguration is what the integration PUT, and what Webex adds to it.
type storedConfiguration struct {
	values  map[string]any
	version int
	stored  time.Time
}

// InstallationView is what Webex holds of the integration in an organization.
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
	SignageURL        string         `json:"signageUrl"` // the API, not what devices show
	PWAURL            string         `json:"pwaUrl"`
	OAuthURL          string         `json:"oauthUrl"`

	// FullyProvisioned: the state is completed and every feature of the
	// manifest has a configuration, which is when Control Hub offers it [page].
	FullyProvisioned bool `json:"fullyProvisioned"`
}

// Installation is what Webex holds of the integration in an organization; false
// if it is not installed there.
func (c *Cloud) Installation(orgID string) (InstallationView, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	org := c.org(orgID)
	if org == nil || org.installation == nil {
		return InstallationView{}, false
	}
	inst := org.installation
	urls := c.urls(inst)
	view := InstallationView{
		ID:                inst.id,
		OrgID:             inst.org,
		Region:            inst.region,
		ProvisioningState: inst.provisioningState,
		OperationalState:  inst.operationalState,
		TokensState:       inst.tokensState,
		ActionsURL:        inst.actionsURL,
		Customer:          maps.Clone(inst.customer),
		ManifestVersion:   inst.manifestVersion,
		Scopes:            slices.Clone(inst.scopes),
		Features:          slices.Clone(inst.features),
		AppURL:            urls["appUrl"],
		SignageURL:        urls["signageUrl"],
		PWAURL:            urls["pwaUrl"],
		OAuthURL:          urls["oauthUrl"],
		FullyProvisioned:  inst.provisioningState == "completed",
	}
	for _, feature := range inst.features {
		if _, stored := inst.configurations[feature]; !stored {
			view.FullyProvisioned = false
		}
	}
	return view, true
}

// SetScopes changes what the administrator granted. Access tokens issued
// earlier keep the scopes they were issued with.
func (c *Cloud) SetScopes(orgID string, scopes []string) {
	defer c.change(orgID)()
	if org := c.org(orgID); org != nil && org.installation != nil {
		org.installation.scopes = slices.Clone(scopes)
	}
}

func (c *Cloud) newInstallation(org *organization, client string) *installation {
	now := c.now()
	inst := &installation{
		id:                newUUID(),
		org:               org.id,
		client:            client,
		region:            org.region,
		formerRegions:     map[string]int{},
		manifestVersion:   1,
		features:          slices.Clone(c.opts.Features),
		scopes:            slices.Clone(c.opts.Scopes),
		createdAt:         now,
		updatedAt:         now,
		provisioningState: "in_progress",
		tokensState:       "unknown",
		configurations:    map[string]storedConfiguration{},
	}
	c.installations[inst.id] = inst
	return inst
}

// uninstall forgets an installation, its configurations and its tokens.
func (c *Cloud) uninstall(inst *installation) {
	delete(c.installations, inst.id)
	maps.DeleteFunc(c.refreshTokens, func(_ string, t *refreshToken) bool { return t.installation == inst.id })
	maps.DeleteFunc(c.accessTokens, func(_ string, t *accessToken) bool { return t.installation == inst.id })
	if org := c.org(inst.org); org != nil && org.installation == inst {
		org.installation, org.newestRefreshToken = nil, ""
	}
}

// urls are the addresses that tokens name, by claim. Those of the feature APIs
// are there for the features of the manifest only [page].
func (c *Cloud) urls(inst *installation) map[string]string {
	base := c.baseURL + "/" + inst.region
	app := base + "/xapi/api/organizations/" + inst.org + "/apps/" + inst.id
	urls := map[string]string{
		"oauthUrl":         base + "/v1/access_token",
		"webexapisBaseUrl": base + "/v1",
		"appUrl":           app,
		"manifestUrl":      app + "/manifest",
	}
	for _, feature := range inst.features {
		if api, known := features[feature]; known {
			urls[api.claim] = app + "/features/" + feature
		}
	}
	return urls
}

// authorize finds the installation that a request addresses and checks its
// bearer token. A region that the customer has left answers 410 to all [ours].
func (c *Cloud) authorize(q *query) (*installation, *accessToken, *answer) {
	fail := func(status int, message string) (*installation, *accessToken, *answer) {
		a := webexError(status, message)
		if status == http.StatusUnauthorized {
			a.header = map[string]string{"WWW-Authenticate": "Bearer"}
		}
		return nil, nil, &a
	}
	inst := c.installations[q.installation]
	if inst != nil && inst.org == q.org {
		if status, moved := inst.formerRegions[q.region]; moved {
			return fail(status, "The organization has moved to another region")
		}
	}
	scheme, value, _ := strings.Cut(q.authorization, " ")
	token := c.accessTokens[strings.TrimSpace(value)]
	switch {
	case !strings.EqualFold(scheme, "Bearer") || token == nil || !c.now().Before(token.expires):
		return fail(http.StatusUnauthorized, "The access token is missing, unknown, revoked or expired")
	case inst == nil || inst.org != q.org || inst.region != q.region:
		return fail(http.StatusNotFound, "There is no such installation")
	case token.installation != inst.id:
		return fail(http.StatusForbidden, "The access token belongs to another installation")
	}
	return inst, token, nil
}
