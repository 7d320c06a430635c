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
	"time"

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
	Format             int                `json:"format"`
	Position           int                `json:"position"` // in order of arrival
	ID                 string             `json:"id"`
	Name               string             `json:"name"`
	Region             string             `json:"region"`
	Moved              bool               `json:"moved,omitempty"`
	Devices            []Device           `json:"devices"`
	Pushes             map[string]int     `json:"pushes"`
	Installation       string             `json:"installation,omitempty"` // the id of the integration's own
	NewestRefreshToken string             `json:"newestRefreshToken,omitempty"`
	Installations      []keptInstallation `json:"installations"`
	RefreshTokens      []keptRefreshToken `json:"refreshTokens"`
	AccessTokens       []keptAccessToken  `json:"accessTokens"`
}

type keptInstallation struct {
	ID                string                       `json:"id"`
	Client            string                       `json:"client"`
	Region            string                       `json:"region"`
	FormerRegions     map[string]int               `json:"formerRegions"`
	ManifestVersion   int                          `json:"manifestVersion"`
	Features          []string                     `json:"features"`
	Scopes            []string                     `json:"scopes"`
	CreatedAt         time.Time                    `json:"createdAt"`
	UpdatedAt         time.Time                    `json:"updatedAt"`
	ProvisioningState string                       `json:"provisioningState"`
	ActionsURL        string                       `json:"actionsUrl"`
	OperationalState  string                       `json:"operationalState"`
	TokensState       string                       `json:"tokensState"`
	Customer          map[string]any               `json:"customer"`
	Webhook           map[string]any               `json:"webhook"`
	Queue             map[string]any               `json:"queue"`
	Configurations    map[string]keptConfiguration `json:"configurations"`
}

type keptConfiguration struct {
	Values  map[string]any `json:"values"`
	Version int            `json:"version"`
	Stored  time.Time      `json:"stored"`
}

type keptRefreshToken struct {
	Value        string    `json:"value"`
	Installation string    `json:"installation"`
	Client       string    `json:"client"`
	Expires      time.Time `json:"expires"`
	Renewed      time.Time `json:"renewed"`
	Next         string    `json:"next,omitempty"`
	Previous     string    `json:"previous,omitempty"`
}

type keptAccessToken struct {
	Value        string    `json:"value"`
	Installation string    `json:"installation"`
	Scopes       []string  `json:"scopes"`
	Expires      time.Time `json:"expires"`
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
	kept := keptOrganization{
		Format: keptFormat, Position: slices.Index(c.orgs, org),
		ID: org.id, Name: org.name, Region: org.region, Moved: org.moved,
		Devices: org.devices, Pushes: org.pushes, NewestRefreshToken: org.newestRefreshToken,
	}
	if org.installation != nil {
		kept.Installation = org.installation.id
	}
	for _, id := range slices.Sorted(maps.Keys(c.installations)) {
		if inst := c.installations[id]; inst.org == org.id {
			kept.Installations = append(kept.Installations, inst.keep())
		}
	}
	for _, value := range slices.Sorted(maps.Keys(c.refreshTokens)) {
		if t := c.refreshTokens[value]; t.org == org.id {
			kept.RefreshTokens = append(kept.RefreshTokens,
				keptRefreshToken{t.value, t.installation, t.client, t.expires, t.renewed, t.next, t.previous})
		}
	}
	now := c.now()
	for _, value := range slices.Sorted(maps.Keys(c.accessTokens)) {
		if t := c.accessTokens[value]; t.org == org.id && now.Before(t.expires) {
			kept.AccessTokens = append(kept.AccessTokens, keptAccessToken{value, t.installation, t.scopes, t.expires})
		}
	}
	return kept
}

func (c *Cloud) restoreOrganization(kept keptOrganization) error {
	org := &organization{
		id: kept.ID, name: kept.Name, region: kept.Region, moved: kept.Moved,
		devices: kept.Devices, pushes: kept.Pushes, newestRefreshToken: kept.NewestRefreshToken,
	}
	if c.regions[org.region] == nil {
		return fmt.Errorf("there is no region %q", org.region)
	}
	for _, inst := range kept.Installations {
		c.installations[inst.ID] = inst.restore(org.id)
	}
	if kept.Installation != "" {
		if org.installation = c.installations[kept.Installation]; org.installation == nil {
			return fmt.Errorf("its installation %s is missing", kept.Installation)
		}
	}
	for _, t := range kept.RefreshTokens {
		c.refreshTokens[t.Value] = &refreshToken{
			value: t.Value, org: org.id, installation: t.Installation, client: t.Client,
			expires: t.Expires, renewed: t.Renewed, next: t.Next, previous: t.Previous,
		}
	}
	for _, t := range kept.AccessTokens {
		c.accessTokens[t.Value] = &accessToken{org: org.id, installation: t.Installation, scopes: t.Scopes, expires: t.Expires}
	}
	c.orgs = append(c.orgs, org)
	return nil
}

func (inst *installation) keep() keptInstallation {
	kept := keptInstallation{
		ID: inst.id, Client: inst.client, Region: inst.region, FormerRegions: inst.formerRegions,
		ManifestVersion: inst.manifestVersion, Features: inst.features, Scopes: inst.scopes,
		CreatedAt: inst.createdAt, UpdatedAt: inst.updatedAt,
		ProvisioningState: inst.provisioningState, ActionsURL: inst.actionsURL,
		OperationalState: inst.operationalState, TokensState: inst.tokensState,
		Customer: inst.customer, Webhook: inst.webhook, Queue: inst.queue,
		Configurations: map[string]keptConfiguration{},
	}
	for feature, stored := range inst.configurations {
		kept.Configurations[feature] = keptConfiguration{stored.values, stored.version, stored.stored}
	}
	return kept
}

func (kept keptInstallation) restore(org string) *installation {
	inst := &installation{
		id: kept.ID, org: org, client: kept.Client, region: kept.Region, formerRegions: kept.FormerRegions,
		manifestVersion: kept.ManifestVersion, features: kept.Features, scopes: kept.Scopes,
		createdAt: kept.CreatedAt, updatedAt: kept.UpdatedAt,
		provisioningState: kept.ProvisioningState, actionsURL: kept.ActionsURL,
		operationalState: kept.OperationalState, tokensState: kept.TokensState,
		customer: kept.Customer, webhook: kept.Webhook, queue: kept.Queue,
		configurations: map[string]storedConfiguration{},
	}
	for feature, stored := range kept.Configurations {
		inst.configurations[feature] = storedConfiguration{values: stored.Values, version: stored.Version, stored: stored.Stored}
	}
	return inst
}
