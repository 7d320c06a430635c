package console

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"signpost/shared/webex/webextest"
)

type feature struct {
	Name, Title, Devices string
	field                string // of its configuration: what devices show
}

var features = []feature{
	{webextest.DigitalSignage, "Digital signage", "Boards, desks and room bars", "signageUrl"},
	{webextest.PersistentWebApp, "Persistent web app", "Room Navigators", "pwaUrl"},
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
	OrgID   string
	Offered bool // Control Hub offers to assign content
	Screens []screen
}

type screen struct {
	webextest.Device
	URL string // "" if it shows nothing
}

type devicesView struct {
	OrgID  string
	Count  int
	Groups []screens
}

// devicesKey changes whenever the view does, and costs less: devices are only
// ever added, and every other change of one wipes its storage.
func (c *Console) devicesKey(org *webextest.Organization) any {
	devices := c.options.Webex.Devices(org.ID())
	var wiped time.Time
	for _, device := range devices {
		if device.StorageSince.After(wiped) {
			wiped = device.StorageSince
		}
	}
	key := []any{len(devices), wiped, org.Sub()}
	for _, f := range features {
		configuration, _ := c.options.Webex.Configuration(org.ID(), f.Name)
		key = append(key, configuration)
	}
	return key
}

func (c *Console) viewDevices(orgID string) devicesView {
	webex := c.options.Webex
	view := devicesView{OrgID: orgID}
	for _, f := range features {
		group := screens{feature: f, OrgID: orgID}
		_, group.Offered = webex.Configuration(orgID, f.Name)
		view.Groups = append(view.Groups, group)
	}
	for _, device := range webex.Devices(orgID) {
		address, _ := webex.DeviceURL(orgID, device.ID)
		for i := range view.Groups {
			if view.Groups[i].Name == device.Feature() {
				view.Groups[i].Screens = append(view.Groups[i].Screens, screen{device, address})
			}
		}
		view.Count++
	}
	return view
}

// fleet lists names and models of generated devices, used in turn.
var fleet = []struct{ name, model string }{
	{"Board", "Cisco Board Pro 75"}, {"Desk", "Cisco Desk Pro"}, {"Bar", "Cisco Room Bar Pro"}, {"Bar", "Cisco Room Bar"},
	{"Navigator", "Cisco Room Navigator"}, {"Desk", "Cisco Desk Mini"},
}

const maxAdded = 10_000

func (c *Console) addDevices(r *http.Request, orgID string) (outcome, error) {
	count, err := strconv.Atoi(r.FormValue("count"))
	if err != nil || count < 1 || count > maxAdded {
		return outcome{}, fmt.Errorf("the number of devices must be between 1 and %d", maxAdded)
	}
	before := len(c.options.Webex.Devices(orgID))
	devices := make([]webextest.Device, count)
	for i := range devices {
		n := before + i
		kind, floor, room := fleet[n%len(fleet)], n/40+1, n%40+1
		devices[i] = webextest.Device{
			Name: fmt.Sprintf("%s %d.%02d", kind.name, floor, room), Model: kind.model, OwnerName: fmt.Sprintf("Floor %d, room %d", floor, room),
		}
	}
	c.options.Webex.AddDevices(orgID, devices)
	return outcome{Title: fmt.Sprintf("%d devices added", count)}, nil
}

// factoryReset resets one device, which gives it a new id.
func (c *Console) factoryReset(r *http.Request, orgID string) (outcome, error) {
	device, err := c.options.Webex.FactoryReset(orgID, r.FormValue("device"))
	if err != nil {
		return outcome{}, err
	}
	return outcome{
		Title:  device.Name + " was reset",
		Detail: "It has a new deviceId. Its workspace keeps its ownerId.",
	}, nil
}

// wipe deletes the storage of web apps, as devices do once a day.
func (c *Console) wipe(_ *http.Request, orgID string) (outcome, error) {
	c.options.Webex.WipeWebAppStorage(orgID)
	return outcome{Title: "Web app storage was wiped", Detail: "Devices do this once a day. Signage keeps its storage."}, nil
}
