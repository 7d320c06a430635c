package console

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"signpost/infra/panels"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

type feature struct {
	Name, Title, Devices string
	field                string // of its configuration: what devices show
}

var features = []feature{
	{webextest.DigitalSignage, panels.Titles[webex.DigitalSignage], "Boards, desks and room bars", "signageUrl"},
	{webextest.PersistentWebApp, panels.Titles[webex.PersistentWebApp], "Room Navigators", "pwaUrl"},
}

// featureNamed finds a feature by its name in Webex's API.
func featureNamed(name string) feature {
	for _, f := range features {
		if f.Name == name {
			return f
		}
	}
	return feature{Name: name, Title: name}
}

type screens struct {
	feature
	target
	Offered bool // Control Hub offers to assign content
	Screens []screen
	// ShownBy is the integration whose pages the devices show, "" if the organization
	// has only one integration.
	ShownBy string
}

type screen struct {
	webextest.Device
	URL string // "" if it shows nothing
}

type devicesView struct {
	target
	Count  int
	Groups []screens
}

// devicesKey changes whenever the view does, and costs less: devices are only
// ever added, every other change of one wipes its storage, and all devices with the
// same feature show the same page, each with its own values.
func (c *Console) devicesKey(s scope) any {
	devices := c.options.Webex.Devices(s.ID())
	var wiped time.Time
	shown := map[string]string{}
	for _, device := range devices {
		if device.StorageSince.After(wiped) {
			wiped = device.StorageSince
		}
		if _, looked := shown[device.Feature()]; !looked {
			shown[device.Feature()], _ = c.options.Webex.DeviceURL(s.ID(), device.ID)
		}
	}
	key := []any{c.targetOf(s), len(devices), wiped, s.Sub(), shown}
	for _, f := range features {
		_, offered := s.app.Configuration(s.ID(), f.Name)
		key = append(key, offered)
	}
	return key
}

func (c *Console) viewDevices(s scope) devicesView {
	webex := c.options.Webex
	view := devicesView{target: c.targetOf(s)}
	for _, f := range features {
		group := screens{feature: f, target: view.target}
		_, group.Offered = s.app.Configuration(s.ID(), f.Name)
		view.Groups = append(view.Groups, group)
	}
	for _, device := range webex.Devices(s.ID()) {
		address, _ := webex.DeviceURL(s.ID(), device.ID)
		for i := range view.Groups {
			group := &view.Groups[i]
			if group.Name != device.Feature() {
				continue
			}
			if view.Of != "" && group.ShownBy == "" {
				group.ShownBy = c.shownBy(s.ID(), address)
			}
			group.Screens = append(group.Screens, screen{device, address})
		}
		view.Count++
	}
	return view
}

// shownBy is the name of the integration whose page has an address on devices.
func (c *Console) shownBy(orgID, address string) string {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return ""
	}
	if app, ok := c.options.Webex.Integration(orgID, u.Query().Get("_cisco_app_id")); ok {
		return nameOf(app)
	}
	return ""
}

// fleet lists names and models of generated devices, used in turn.
var fleet = []struct{ name, model string }{
	{"Board", "Cisco Board Pro 75"}, {"Desk", "Cisco Desk Pro"}, {"Bar", "Cisco Room Bar Pro"}, {"Bar", "Cisco Room Bar"},
	{"Navigator", "Cisco Room Navigator"}, {"Desk", "Cisco Desk Mini"},
}

const maxAdded = 10_000

func (c *Console) addDevices(r *http.Request, s scope) (outcome, error) {
	count, err := strconv.Atoi(r.FormValue("count"))
	if err != nil || count < 1 || count > maxAdded {
		return outcome{}, fmt.Errorf("the number of devices must be between 1 and %d", maxAdded)
	}
	before := len(c.options.Webex.Devices(s.ID()))
	devices := make([]webextest.Device, count)
	for i := range devices {
		n := before + i
		kind, floor, room := fleet[n%len(fleet)], n/40+1, n%40+1
		devices[i] = webextest.Device{
			Name: fmt.Sprintf("%s %d.%02d", kind.name, floor, room), Model: kind.model, OwnerName: fmt.Sprintf("Floor %d, room %d", floor, room),
		}
	}
	c.options.Webex.AddDevices(s.ID(), devices)
	return outcome{Title: fmt.Sprintf("%d devices added", count)}, nil
}

// factoryReset resets one device, which gives it a new id.
func (c *Console) factoryReset(r *http.Request, s scope) (outcome, error) {
	device, err := c.options.Webex.FactoryReset(s.ID(), r.FormValue("device"))
	if err != nil {
		return outcome{}, err
	}
	return outcome{
		Title:  device.Name + " was reset",
		Detail: "It has a new deviceId. Its workspace keeps its ownerId.",
	}, nil
}

// wipe deletes the storage of web apps, as devices do once a day.
func (c *Console) wipe(_ *http.Request, s scope) (outcome, error) {
	c.options.Webex.WipeWebAppStorage(s.ID())
	return outcome{Title: "Web app storage was wiped", Detail: "Devices do this once a day. Signage keeps its storage."}, nil
}
