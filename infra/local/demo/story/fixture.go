package story

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"signpost/infra/local/client"
	"signpost/shared/dynamo"
	"signpost/shared/invitation"
	"signpost/shared/webex"
)

// fixture is what the story needs before it begins.
type fixture struct {
	cloud       client.Cloud
	org         client.Organization
	boards      []client.Device // three that show signage
	navigator   client.Device   // one that shows the web app
	home, other string          // regions
	deployed    deployment
	contentKey  string
	activatedAt time.Time
	app         string // the app id of the integration that the steps are about
	invitations *invitation.Service
}

type deployment struct {
	base                string // PUBLIC_URL, without a slash at the end
	content             map[webex.Feature]string
	allowList, launches string
	regions             []string
	variables           map[string]string // of all functions
}

// invitations are those in the table of the deployment, as the vendor's command makes
// them.
func (d deployment) invitations(defaultID string) (*invitation.Service, error) {
	table, err := dynamo.Open(d.variables)
	if err != nil {
		return nil, err
	}
	return invitation.New(dynamo.New(table, d.variables["INSTALLATIONS_TABLE"]), strings.ToLower(defaultID), nil, time.Now)
}

// prepare reads the state of the stack and adds a customer.
func (s *story) prepare(ctx context.Context, target Target) (made fixture, err error) {
	made.contentKey = target.ContentKey
	if made.cloud, err = s.control.Cloud(ctx); err != nil {
		return made, err
	}
	made.app = made.cloud.AppID
	if made.deployed, err = s.deployment(ctx); err != nil {
		return made, err
	}
	if made.invitations, err = made.deployed.invitations(made.app); err != nil {
		return made, err
	}
	regions := slices.DeleteFunc(slices.Clone(made.cloud.Regions), func(name string) bool {
		return !slices.Contains(made.deployed.regions, name)
	})
	if len(regions) < 2 {
		return made, fmt.Errorf("the story needs two regions that the simulator has and WEBEX_REGIONS allows, not %q", regions)
	}
	made.home, made.other = regions[0], regions[1]
	if made.org, err = s.control.AddOrganization(ctx, "Demo customer "+rand.Text()[:6], made.home); err != nil {
		return made, err
	}
	for _, d := range made.org.Devices {
		if d.Kind == "signage" && len(made.boards) < 3 {
			made.boards = append(made.boards, d)
		}
		if d.Kind == "web_app" {
			made.navigator = d
		}
	}
	if len(made.boards) < 3 || made.navigator.ID == "" {
		return made, errors.New("the simulator's new organization has too few devices")
	}
	return made, nil
}

func (s *story) deployment(ctx context.Context) (deployment, error) {
	functions, err := s.lambda.Functions(ctx)
	if err != nil {
		return deployment{}, err
	}
	all := map[string]string{}
	for _, f := range functions {
		maps.Copy(all, f.Environment.Variables)
	}
	d := deployment{
		base:      strings.TrimSuffix(all["PUBLIC_URL"], "/"),
		content:   map[webex.Feature]string{webex.DigitalSignage: all[variableSignage], webex.PersistentWebApp: all["PWA_URL"]},
		allowList: all["PWA_XAPI_ALLOW_LIST"], launches: all["CONTENT_URL"], regions: webex.DefaultRegions, variables: all,
	}
	if trusted := all["WEBEX_REGIONS"]; trusted != "" {
		d.regions = strings.FieldsFunc(trusted, func(c rune) bool { return c == ',' || c == ' ' })
	}
	for _, feature := range webex.Features {
		if d.content[feature] == "" {
			return d, fmt.Errorf("the story needs both features, and the stack does not provide %s", feature)
		}
	}
	if strings.Contains(all[variableSignage], parameterEdition+"=") {
		return d, fmt.Errorf("SIGNAGE_URL is %s: another demo is running, or was killed; wait for it to end, or restart the stack", all[variableSignage])
	}
	return d, nil
}

func (s *story) boardNames() []string {
	var names []string
	for _, d := range s.boards {
		names = append(names, d.Name)
	}
	return names
}

// configuration returns what Webex should store for a feature.
func (d deployment) configuration(feature webex.Feature) map[string]any {
	crossLaunch := d.base + "/crossLaunch/" + string(feature)
	link := func(task string) map[string]any { return map[string]any{"url": crossLaunch + "/" + task} }
	want := map[string]any{
		feature.DeviceURLMember(): d.content[feature],
		"crossLaunch":             map[string]any{"assignContent": link("assignContent"), "manageContent": link("manageContent")},
	}
	if member := feature.AllowListMember(); member != "" && d.allowList != "" {
		want[member] = d.allowList
	}
	return want
}

// shows is showsIn of the story's organization.
func (s *fixture) shows(address string, d client.Device) string { return s.showsIn(s.org, address, d) }

// showsIn returns what a device of an organization should load: the address with the
// device's values filled in, and Webex's own parameter.
func (s *fixture) showsIn(org client.Organization, address string, d client.Device) string {
	var pairs []string
	for name, value := range map[string]string{
		"deviceId": d.ID, "deviceName": d.Name, "deviceModel": d.Model, "ownerId": d.OwnerID,
		"ownerName": d.OwnerName, "organizationId": org.Sub, "peripheralSerial": d.PeripheralSerial,
	} {
		pairs = append(pairs, "$("+name+")", strings.ReplaceAll(url.QueryEscape(value), "+", "%20"))
	}
	return withParameter(strings.NewReplacer(pairs...).Replace(address), "_cisco_app_id", s.app)
}

// withParameter adds a parameter to an address, which may contain `$(…)`.
func withParameter(address, name, value string) string {
	address, fragment, has := strings.Cut(address, "#")
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	address += separator + name + "=" + url.QueryEscape(value)
	if has {
		address += "#" + fragment
	}
	return address
}

// nextSecond waits for the second after the activation. Tokens have times in
// seconds, and a removal in the same second would count as one of an earlier
// activation.
func (s *fixture) nextSecond(ctx context.Context) error {
	wait := time.Until(s.activatedAt.Truncate(time.Second).Add(time.Second))
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
