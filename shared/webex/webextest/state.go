package webextest

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// stateFormat is the version of the files of [Cloud.Persist]. Raise it with a change
// that older files do not fit.
const stateFormat = 1

// cloudState is cloud.json: the state that belongs to no organization.
type cloudState struct {
	Format  int                `json:"format"`
	BaseURL string             `json:"baseUrl"`
	Regions map[string]*region `json:"regions"`
	Uploads []*upload          `json:"uploads,omitempty"` // in order of arrival
}

// keyState is a signingKey in JSON, in the form of PKCS 8.
type keyState struct {
	KID string `json:"kid"`
	Key []byte `json:"key"`
}

// MarshalJSON implements [json.Marshaler].
func (k signingKey) MarshalJSON() ([]byte, error) {
	text, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return nil, err
	}
	return json.Marshal(keyState{k.kid, text})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (k *signingKey) UnmarshalJSON(text []byte) error {
	var state keyState
	if err := json.Unmarshal(text, &state); err != nil {
		return err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(state.Key)
	switch private := parsed.(type) {
	case *ecdsa.PrivateKey:
		*k = signingKey{state.KID, jwt.SigningMethodES256, private}
	case *rsa.PrivateKey:
		*k = signingKey{state.KID, jwt.SigningMethodRS256, private}
	default:
		return fmt.Errorf("key %s cannot be read: %w", state.KID, err)
	}
	return nil
}

// organizationState is the file of one organization.
type organizationState struct {
	Format   int `json:"format"`
	Position int `json:"position"` // in order of arrival
	organization
	Installations []*installation `json:"installations"`
	RefreshTokens []*refreshToken `json:"refreshTokens"`
	AccessTokens  []*accessToken  `json:"accessTokens"`
	earlierState
}

// earlierState are the members of files from before there were several integrations.
// They are about the default one.
type earlierState struct {
	Installation       string         `json:"installation,omitempty"`
	NewestRefreshToken string         `json:"newestRefreshToken,omitempty"`
	EarlierPushes      map[string]int `json:"pushes,omitempty"` // by feature
}

// exportCloud and the functions below are called with the lock held.
func (c *Cloud) exportCloud() cloudState {
	return cloudState{Format: stateFormat, BaseURL: c.baseURL, Regions: c.regions, Uploads: c.uploads}
}

func (c *Cloud) restoreCloud(state cloudState) error {
	c.baseURL = state.BaseURL
	for name, r := range state.Regions {
		if r == nil || len(r.ES) == 0 || r.es256().method != jwt.SigningMethodES256 {
			return fmt.Errorf("no ES256 key signs for region %s", name)
		}
		r.name, r.rsKID = name, newUUID()
		c.regions[name] = r
	}
	for _, u := range state.Uploads {
		m, err := parseManifest(u.Text)
		if err != nil {
			return fmt.Errorf("manifest of OAuth client %s: %w", u.ClientID, err)
		}
		u.manifest = m
	}
	c.uploads = state.Uploads
	return nil
}

func (c *Cloud) exportOrganization(org *organization) organizationState {
	state := organizationState{Format: stateFormat, Position: slices.Index(c.orgs, org), organization: *org}
	for _, id := range slices.Sorted(maps.Keys(c.installations)) {
		if inst := c.installations[id]; inst.org == org.ID {
			state.Installations = append(state.Installations, inst)
		}
	}
	for _, value := range slices.Sorted(maps.Keys(c.refreshTokens)) {
		if t := c.refreshTokens[value]; t.org == org.ID {
			state.RefreshTokens = append(state.RefreshTokens, t)
		}
	}
	now := c.now()
	for _, value := range slices.Sorted(maps.Keys(c.accessTokens)) {
		if t := c.accessTokens[value]; t.org == org.ID && now.Before(t.Expires) {
			state.AccessTokens = append(state.AccessTokens, t)
		}
	}
	return state
}

func (c *Cloud) restoreOrganization(state organizationState) error {
	org := &state.organization
	if c.regions[org.Region] == nil {
		return fmt.Errorf("there is no region %q", org.Region)
	}
	c.restoreInstallations(org, state)
	for _, t := range state.RefreshTokens {
		if c.installations[t.Installation] != nil {
			t.org = org.ID
			c.refreshTokens[t.Value] = t
		}
	}
	for _, t := range state.AccessTokens {
		if c.installations[t.Installation] != nil {
			t.org = org.ID
			c.accessTokens[t.Value] = t
		}
	}
	c.orgs = append(c.orgs, org)
	return nil
}

// restoreInstallations leaves out those of OAuth clients that are unknown, because the
// Options name another one now.
func (c *Cloud) restoreInstallations(org *organization, state organizationState) {
	org.installed = map[string]*installation{}
	for _, inst := range state.Installations {
		if c.client(inst.Client) == nil {
			continue
		}
		inst.org = org.ID
		c.installations[inst.ID] = inst
		if inst.Client != strangerClientID {
			org.installed[inst.Client] = inst
		}
		if inst.ID == state.Installation {
			inst.NewestRefreshToken = state.NewestRefreshToken
		}
	}
	if org.Pushes == nil {
		org.Pushes = map[string]map[string]int{c.main.ClientID: state.EarlierPushes}
	}
}
