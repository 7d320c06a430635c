package webextest

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The kinds of devices, by the feature that they show [page].
const (
	// KindShowsSignage: Boards, Desk and Room devices show digital signage.
	KindShowsSignage = "signage"
	// KindShowsWebApp: Room Navigators show the persistent web app.
	KindShowsWebApp = "web_app"
)

// Device is a device of an organization. Its owner is its workspace.
type Device struct {
	ID               string `json:"id"`
	Name             string `json:"name"`
	Model            string `json:"model"`
	Kind             string `json:"kind"` // KindShowsSignage or KindShowsWebApp
	OwnerID          string `json:"ownerId"`
	OwnerName        string `json:"ownerName"`
	PeripheralSerial string `json:"peripheralSerial,omitempty"` // a Room Navigator's [page]

	// RoomScheduler is the name of the paired Room Scheduler, if any: a second
	// screen, which shows the same address with the same deviceId [roomos].
	RoomScheduler string `json:"roomScheduler,omitempty"`

	// StorageSince is when the storage of the shown page was last wiped.
	StorageSince time.Time `json:"storageSince,omitzero"`
}

// Feature is the feature that the device shows.
func (d Device) Feature() string {
	if d.Kind == KindShowsWebApp {
		return PersistentWebApp
	}
	return DigitalSignage
}

// firstDevices are the devices of a new organization.
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

// completed fills in empty fields.
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

// AddDevice adds a device to an organization and returns it with empty fields filled
// in: the kind follows from the model. It does nothing for an unknown organization.
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

// FactoryReset gives a device a new id and wipes what its page stored. The workspace,
// and so OwnerID, stays [overview].
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

// WipeWebAppStorage wipes what the persistent web app stored, as devices do once a
// day by default. They keep what signage stored [roomos].
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

// DeviceURL is the URL that a device fetches: the one in the stored configuration of
// the device's feature, with replacement values filled in, URL-encoded, and
// _cisco_app_id appended [page]. Every device of the right kind uses the integration;
// of several, the one whose configuration was stored last [ours].
func (c *Cloud) DeviceURL(orgID, deviceID string) (string, bool) {
	defer c.lock()()
	org := c.org(orgID)
	if org == nil {
		return "", false
	}
	i := slices.IndexFunc(org.Devices, func(d Device) bool { return d.ID == deviceID })
	if i < 0 {
		return "", false
	}
	d := org.Devices[i]
	inst := org.provider(d.Feature())
	if inst == nil {
		return "", false
	}
	template, _ := inst.Configurations[d.Feature()].Values[features[d.Feature()].urlField].(string)
	return withAppID(resolve(template, org, d), c.client(inst.Client).manifest.ID), true
}

// provider is the installation whose configuration of a feature was stored last, nil
// if there is none.
func (o *organization) provider(feature string) *installation {
	var last *installation
	for _, inst := range o.installed {
		stored, ok := inst.Configurations[feature]
		if ok && (last == nil || stored.Sequence > last.Configurations[feature].Sequence) {
			last = inst
		}
	}
	return last
}

var replacementValue = regexp.MustCompile(`\$\(([^()]*)\)`)

// resolve fills the device's values into a URL.
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

// withAppID appends Webex's own parameter to the query.
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
