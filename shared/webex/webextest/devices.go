package webextest

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The kinds of devices: which of the features a device can show [page].
const (
	// KindShowsSignage: Boards, Desk and Room devices show digital signage.
	KindShowsSignage = "signage"
	// KindShowsWebApp: Room Navigators show the persistent web app.
	KindShowsWebApp = "web_app"
)

// Device is a device of an organization. Its owner is the workspace it is in.
type Device struct {
	ID               string `json:"id"`
	Name             string `json:"name"`
	Model            string `json:"model"`
	Kind             string `json:"kind"` // KindShowsSignage or KindShowsWebApp
	OwnerID          string `json:"ownerId"`
	OwnerName        string `json:"ownerName"`
	PeripheralSerial string `json:"peripheralSerial,omitempty"` // a Room Navigator's [page]

	// RoomScheduler is the name of the paired Room Scheduler, if there is one: a
	// second screen, which shows the same address with the same deviceId [roomos].
	RoomScheduler string `json:"roomScheduler,omitempty"`

	// StorageSince is when what the shown page stores was last wiped.
	StorageSince time.Time `json:"storageSince,omitzero"`
}

// Feature is the feature that the device can show.
func (d Device) Feature() string {
	if d.Kind == KindShowsWebApp {
		return PersistentWebApp
	}
	return DigitalSignage
}

// firstDevices are those that a new organization has.
func firstDevices(now time.Time) []Device {
	devices := []Device{
		{Name: "Lobby Board", Model: "Cisco Board Pro 75", OwnerName: "Lobby"},
		{Name: "Reception Desk", Model: "Cisco Desk Pro", OwnerName: "Reception"},
		{Name: "Board Room", Model: "Cisco Room Kit EQ", OwnerName: "Board Room & Annex", RoomScheduler: "Board Room Scheduler"},
		{Name: "Board Room Navigator", Model: "Cisco Room Navigator", OwnerName: "Board Room & Annex"},
		{Name: "Huddle Navigator", Model: "Cisco Room Navigator", OwnerName: "Huddle #2"},
	}
	for i := range devices {
		devices[i] = devices[i].completed(now)
	}
	return devices
}

// completed fills in what was left empty.
func (d Device) completed(now time.Time) Device {
	defaultTo(&d.StorageSince, now)
	defaultTo(&d.ID, newDeviceID())
	defaultTo(&d.Name, "Unnamed device")
	defaultTo(&d.Model, "Cisco Room Bar")
	defaultTo(&d.OwnerID, hydraID("us", "PLACE", newUUID()))
	defaultTo(&d.OwnerName, d.Name)
	if d.Kind == "" {
		d.Kind = KindShowsSignage
		if strings.Contains(d.Model, "Navigator") {
			d.Kind = KindShowsWebApp
		}
	}
	if d.Kind == KindShowsWebApp {
		defaultTo(&d.PeripheralSerial, "FOC"+strings.ToUpper(newUUID()[:8]))
	}
	return d
}

// AddDevice adds a device to an organization and returns it with what was empty
// filled in: the kind follows from the model. An unknown organization gets none.
func (c *Cloud) AddDevice(orgID string, d Device) Device {
	return c.AddDevices(orgID, []Device{d})[0]
}

// AddDevices is [Cloud.AddDevice] for many at once.
func (c *Cloud) AddDevices(orgID string, devices []Device) []Device {
	added := make([]Device, len(devices))
	for i, d := range devices {
		added[i] = d.completed(c.now())
	}
	defer c.change(orgID)()
	if org := c.org(orgID); org != nil {
		org.Devices = append(org.Devices, added...)
	}
	return added
}

// FactoryReset resets a device. Its id is a new one, and what its page stored is
// gone; its workspace, and so OwnerID, stays [overview].
func (c *Cloud) FactoryReset(orgID, deviceID string) (Device, error) {
	defer c.change(orgID)()
	org, err := c.mustOrg(orgID)
	if err != nil {
		return Device{}, err
	}
	for i := range org.Devices {
		if d := &org.Devices[i]; d.ID == deviceID {
			d.ID, d.StorageSince = newDeviceID(), c.now()
			return *d, nil
		}
	}
	return Device{}, fmt.Errorf("no device %q", deviceID)
}

// WipeWebAppStorage does what devices do once a day by default: they wipe what
// the persistent web app stored. What signage stored stays [roomos].
func (c *Cloud) WipeWebAppStorage(orgID string) {
	defer c.change(orgID)()
	if org := c.org(orgID); org != nil {
		for i := range org.Devices {
			if d := &org.Devices[i]; d.Kind == KindShowsWebApp {
				d.StorageSince = c.now()
			}
		}
	}
}

func newDeviceID() string { return hydraID("us", "DEVICE", newUUID()) }

// Devices are the devices of an organization.
func (c *Cloud) Devices(orgID string) []Device {
	defer c.lock()()
	if org := c.org(orgID); org != nil {
		return slices.Clone(org.Devices)
	}
	return nil
}

// DeviceURL is the URL that a device fetches: that of the stored configuration
// of the feature which the device shows, the replacement values resolved and
// URL-encoded, _cisco_app_id appended [page]. Every device of the fitting kind
// counts as using the integration [ours].
func (c *Cloud) DeviceURL(orgID, deviceID string) (string, bool) {
	defer c.lock()()
	org := c.org(orgID)
	if org == nil || org.installation == nil {
		return "", false
	}
	i := slices.IndexFunc(org.Devices, func(d Device) bool { return d.ID == deviceID })
	if i < 0 {
		return "", false
	}
	d := org.Devices[i]
	stored, ok := org.installation.Configurations[d.Feature()]
	if !ok {
		return "", false
	}
	template, _ := stored.Values[features[d.Feature()].urlField].(string)
	return withAppID(resolve(template, org, d), c.opts.AppID), true
}

var replacementValue = regexp.MustCompile(`\$\(([^()]*)\)`)

// resolve puts the device's values into a URL.
func resolve(template string, org *organization, d Device) string {
	values := map[string]string{
		"deviceId":         d.ID,
		"deviceName":       d.Name,
		"deviceModel":      d.Model,
		"ownerId":          d.OwnerID,
		"ownerName":        d.OwnerName,
		"organizationId":   org.sub(),
		"peripheralSerial": d.PeripheralSerial,
	}
	return replacementValue.ReplaceAllStringFunc(template, func(match string) string {
		value, known := values[match[2:len(match)-1]]
		if !known {
			return match
		}
		return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
	})
}

// withAppID appends Webex's own parameter at the end of the query.
func withAppID(u, appID string) string {
	u, fragment, hasFragment := strings.Cut(u, "#")
	separator := "?"
	if strings.Contains(u, "?") {
		separator = "&"
	}
	u += separator + "_cisco_app_id=" + url.QueryEscape(appID)
	if hasFragment {
		u += "#" + fragment
	}
	return u
}
