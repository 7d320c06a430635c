package webextest

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
)

// Organization is a handle of a customer's organization. Its methods return the
// current state and are safe for concurrent use.
type Organization struct {
	cloud *Cloud
	org   *organization
}

// organization is guarded by the cloud's lock. Its JSON is in the files of
// [Cloud.Persist].
type organization struct {
	ID      string                    `json:"id"`
	Name    string                    `json:"name"`
	Region  string                    `json:"region"`
	Moved   bool                      `json:"moved,omitempty"`
	Devices []Device                  `json:"devices"`
	Pushes  map[string]map[string]int `json:"pushed"` // by OAuth client and feature

	installed     map[string]*installation // by OAuth client, without strangers'
	dropNext      int                      // actions to lose
	duplicateNext int                      // actions to send twice
}

func (o *organization) countPush(client, feature string) {
	if o.Pushes[client] == nil {
		o.Pushes[client] = map[string]int{}
	}
	o.Pushes[client][feature]++
}

// AddOrganization adds a customer in a region, with devices of several models.
// An empty region is the cloud's first; an unknown one panics.
func (c *Cloud) AddOrganization(name, region string) *Organization {
	return c.AddOrganizationWithID(newUUID(), name, region)
}

// AddOrganizationWithID is [Cloud.AddOrganization] with the UUID given.
func (c *Cloud) AddOrganizationWithID(id, name, region string) *Organization {
	defer c.lock()()
	defaultTo(&region, c.opts.Regions[0])
	c.mustRegion(region)
	org := &organization{
		ID: id, Name: name, Region: region,
		Pushes: map[string]map[string]int{}, installed: map[string]*installation{},
	}
	org.Devices = firstDevices(c.now())
	c.orgs = append(c.orgs, org)
	_ = c.saveOrganization(org.ID) // saveFailed was called
	return &Organization{cloud: c, org: org}
}

// ErrInstalled: an integration is installed in the organization.
var ErrInstalled = errors.New("the integration is installed: deactivate it first")

// RemoveOrganization removes a customer, its devices and its private integrations, and
// returns [ErrInstalled] while an integration is installed [ours]. Removing an unknown
// one does nothing.
func (c *Cloud) RemoveOrganization(id string) error {
	defer c.lock()()
	org := c.org(id)
	if org == nil {
		return nil
	}
	if len(org.installed) > 0 {
		return ErrInstalled
	}
	c.orgs = slices.DeleteFunc(c.orgs, func(o *organization) bool { return o == org })
	c.uploads = slices.DeleteFunc(c.uploads, func(u *upload) bool {
		return u.OrgID == id && u.manifest.Availability == availabilityPrivate && !c.uses(u)
	})
	return errors.Join(c.saveCloud(), c.forgetOrganization(id))
}

// Organization finds a customer by its UUID.
func (c *Cloud) Organization(id string) (*Organization, bool) {
	defer c.lock()()
	org := c.org(id)
	if org == nil {
		return nil, false
	}
	return &Organization{cloud: c, org: org}, true
}

// Organizations are all customers in order of arrival.
func (c *Cloud) Organizations() []*Organization {
	defer c.lock()()
	all := make([]*Organization, len(c.orgs))
	for i, org := range c.orgs {
		all[i] = &Organization{cloud: c, org: org}
	}
	return all
}

// ID is the organization's UUID, which a move does not change.
func (o *Organization) ID() string { return o.org.ID }

// Name is the organization's name.
func (o *Organization) Name() string { return o.org.Name }

// Region is the organization's current region.
func (o *Organization) Region() string {
	defer o.cloud.lock()()
	return o.org.Region
}

// Sub is the organization's `sub` in tokens: unpadded base64 of
// ciscospark://us/ORGANIZATION/<uuid> [page], or after a move of
// ciscospark://urn:TEAM:<region>/ORGANIZATION/<uuid> [token].
func (o *Organization) Sub() string {
	defer o.cloud.lock()()
	return o.org.sub()
}

func (o *organization) sub() string {
	if o.Moved {
		return hydraID("urn:TEAM:"+o.Region, "ORGANIZATION", o.ID)
	}
	return hydraID("us", "ORGANIZATION", o.ID)
}

// org is called with the lock held.
func (c *Cloud) org(id string) *organization {
	for _, org := range c.orgs {
		if org.ID == id {
			return org
		}
	}
	return nil
}

// mustOrg is org with an error for an unknown organization.
func (c *Cloud) mustOrg(id string) (*organization, error) {
	if org := c.org(id); org != nil {
		return org, nil
	}
	return nil, fmt.Errorf("no organization %q", id)
}

// hydraID is an id in the form of Webex's APIs.
func hydraID(cluster, kind, id string) string {
	return base64.RawStdEncoding.EncodeToString([]byte("ciscospark://" + cluster + "/" + kind + "/" + id))
}

// newUUID is a random UUID, version 4.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// newSecret is an opaque token of 256 bits.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
