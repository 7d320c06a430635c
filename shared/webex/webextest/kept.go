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

// keptFormat is the version of the files of [Cloud.Keep]. Raise it with a change
// that older files do not fit.
const keptFormat = 1

// keptCloud is cloud.json: the state that belongs to no organization.
type keptCloud struct {
	Format  int                `json:"format"`
	BaseURL string             `json:"baseUrl"`
	Regions map[string]*region `json:"regions"`
}

// keptKey is a signingKey in JSON, in the form of PKCS 8.
type keptKey struct {
	KID string `json:"kid"`
	Key []byte `json:"key"`
}

// MarshalJSON implements [json.Marshaler].
func (k signingKey) MarshalJSON() ([]byte, error) {
	text, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return nil, err
	}
	return json.Marshal(keptKey{k.kid, text})
}

// UnmarshalJSON implements [json.Unmarshaler].
func (k *signingKey) UnmarshalJSON(text []byte) error {
	var kept keptKey
	if err := json.Unmarshal(text, &kept); err != nil {
		return err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(kept.Key)
	switch private := parsed.(type) {
	case *ecdsa.PrivateKey:
		*k = signingKey{kept.KID, jwt.SigningMethodES256, private}
	case *rsa.PrivateKey:
		*k = signingKey{kept.KID, jwt.SigningMethodRS256, private}
	default:
		return fmt.Errorf("key %s cannot be read: %w", kept.KID, err)
	}
	return nil
}

// keptOrganization is the file of one organization.
type keptOrganization struct {
	Format   int `json:"format"`
	Position int `json:"position"` // in order of arrival
	organization
	Installation  string          `json:"installation,omitempty"` // the id of the integration's own
	Installations []*installation `json:"installations"`
	RefreshTokens []*refreshToken `json:"refreshTokens"`
	AccessTokens  []*accessToken  `json:"accessTokens"`
}

// keepCloud and the functions below are called with the lock held.
func (c *Cloud) keepCloud() keptCloud {
	return keptCloud{Format: keptFormat, BaseURL: c.baseURL, Regions: c.regions}
}

func (c *Cloud) restoreCloud(kept keptCloud) error {
	c.baseURL = kept.BaseURL
	for name, r := range kept.Regions {
		if r == nil || len(r.ES) == 0 || r.es256().method != jwt.SigningMethodES256 {
			return fmt.Errorf("no ES256 key signs for region %s", name)
		}
		r.name, r.rsKID = name, newUUID()
		c.regions[name] = r
	}
	return nil
}

func (c *Cloud) keepOrganization(org *organization) keptOrganization {
	kept := keptOrganization{Format: keptFormat, Position: slices.Index(c.orgs, org), organization: *org}
	if org.installation != nil {
		kept.Installation = org.installation.ID
	}
	for _, id := range slices.Sorted(maps.Keys(c.installations)) {
		if inst := c.installations[id]; inst.org == org.ID {
			kept.Installations = append(kept.Installations, inst)
		}
	}
	for _, value := range slices.Sorted(maps.Keys(c.refreshTokens)) {
		if t := c.refreshTokens[value]; t.org == org.ID {
			kept.RefreshTokens = append(kept.RefreshTokens, t)
		}
	}
	now := c.now()
	for _, value := range slices.Sorted(maps.Keys(c.accessTokens)) {
		if t := c.accessTokens[value]; t.org == org.ID && now.Before(t.Expires) {
			kept.AccessTokens = append(kept.AccessTokens, t)
		}
	}
	return kept
}

func (c *Cloud) restoreOrganization(kept keptOrganization) error {
	org := &kept.organization
	if c.regions[org.Region] == nil {
		return fmt.Errorf("there is no region %q", org.Region)
	}
	for _, inst := range kept.Installations {
		inst.org = org.ID
		c.installations[inst.ID] = inst
	}
	if kept.Installation != "" {
		if org.installation = c.installations[kept.Installation]; org.installation == nil {
			return fmt.Errorf("its installation %s is missing", kept.Installation)
		}
	}
	for _, t := range kept.RefreshTokens {
		t.org = org.ID
		c.refreshTokens[t.Value] = t
	}
	for _, t := range kept.AccessTokens {
		t.org = org.ID
		c.accessTokens[t.Value] = t
	}
	c.orgs = append(c.orgs, org)
	return nil
}
