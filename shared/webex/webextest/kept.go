package webextest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// keptFormat is the layout of the files of [Cloud.Keep]. A change of any type
// below that older files do not fit raises it.
const keptFormat = 1

// keptCloud is what belongs to no organization: cloud.json.
type keptCloud struct {
	Format  int                   `json:"format"`
	BaseURL string                `json:"baseUrl"`
	Regions map[string]keptRegion `json:"regions"`
}

// keptRegion is a region's keys. Without an RSA key, which [Cloud.MakeKeys]
// makes, the next process publishes another one.
type keptRegion struct {
	ES []keptKey `json:"es"`
	RS *keptKey  `json:"rs,omitempty"`
}

// keptKey is a key in PKCS 8's form.
type keptKey struct {
	KID string `json:"kid"`
	Key []byte `json:"key"`
}

// keptOrganization is all that belongs to one organization.
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
	kept := keptCloud{Format: keptFormat, BaseURL: c.baseURL, Regions: map[string]keptRegion{}}
	for name, r := range c.regions {
		var keys keptRegion
		for _, key := range r.es {
			keys.ES = append(keys.ES, key.keep())
		}
		if r.rs != nil {
			rs := r.rs256().keep()
			keys.RS = &rs
		}
		kept.Regions[name] = keys
	}
	return kept
}

func (k signingKey) keep() keptKey {
	text, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		panic("webextest: cannot keep a key: " + err.Error()) // our own keys are of known types
	}
	return keptKey{k.kid, text}
}

func (c *Cloud) restoreCloud(kept keptCloud) error {
	c.baseURL = kept.BaseURL
	for name, keys := range kept.Regions {
		r := newRegion(name)
		if err := r.restore(keys); err != nil {
			return fmt.Errorf("the keys of %s: %w", name, err)
		}
		c.regions[name] = r
	}
	return nil
}

func (r *region) restore(kept keptRegion) error {
	if len(kept.ES) == 0 {
		return errors.New("none signs")
	}
	r.es = nil
	for _, key := range kept.ES {
		private, err := parseKey[*ecdsa.PrivateKey](key)
		if err != nil {
			return err
		}
		r.es = append(r.es, signingKey{kid: key.KID, method: jwt.SigningMethodES256, private: private})
	}
	if kept.RS == nil {
		return nil
	}
	private, err := parseKey[*rsa.PrivateKey](*kept.RS)
	r.rsKID, r.rs = kept.RS.KID, private
	return err
}

func parseKey[T crypto.Signer](key keptKey) (T, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(key.Key)
	private, fits := parsed.(T)
	if err == nil && !fits {
		err = fmt.Errorf("%s is of another kind", key.KID)
	}
	return private, err
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
