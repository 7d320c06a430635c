package contract_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"signpost/infra/tests/customer"
	"signpost/shared/installation"
	"signpost/shared/integration"
	"signpost/shared/invitation"
	"signpost/shared/webex/webextest"
)

// TestVendorInstallation: one installation by both of its ids, verified, reloaded, and
// assigned to a channel.
func TestVendorInstallation(t *testing.T) {
	t.Parallel()
	d, s := openAPI(t), customer.StartFor(t, nil)
	c := customer.New(t, s, west)
	const route = "/installations/{org}"
	d.vendor(c, "GET", route, "/installations/"+c.Org.ID(), nil).WantProblem(t, "unknown_installation")
	before := time.Now().Add(-time.Minute)
	c.Activate()
	run := func() { c.Invoke("VerifyConfigsFunction", object{}).Want(t, 200) }
	run()

	for _, org := range []string{c.Org.ID(), url.PathEscape(c.Org.Sub())} {
		got := d.vendor(c, "GET", route, "/installations/"+org, nil).Want(t, 200).Object(t)
		activated, err := time.Parse(time.RFC3339, fmt.Sprint(got["activatedAt"]))
		if err != nil || activated.Before(before) || activated.After(time.Now()) {
			t.Errorf("activatedAt: %v", got["activatedAt"])
		}
		signage := got["features"].(map[string]any)[webextest.DigitalSignage].(map[string]any)
		if got["orgId"] != c.Org.Sub() || got["orgKey"] != c.Org.ID() || got["orgName"] != c.Org.Name() || got["appId"] != c.Cloud.AppID() ||
			got["state"] != "active" || got["region"] != west || got["tokenHealth"] != "healthy" || got["channel"] != "default" || got["revision"] != 0.0 ||
			signage["status"] != "in_sync" || signage["pushedAt"] == nil || got["lastVerifiedAt"] == nil || got["trouble"] != nil || got["reference"] != nil ||
			len(fmt.Sprint(got["installationKey"])) != 26 || len(got["scopes"].([]any)) == 0 {
			t.Errorf("%s: %v", org, got)
		}
	}
	for _, path := range []string{"/installations/nobody", "/installations/" + c.Org.ID() + "?appId=" + customer.OtherApp} {
		d.vendor(c, "GET", route, path, nil).WantProblem(t, "unknown_installation")
	}

	c.App.DeleteConfiguration(c.Org.ID(), webextest.DigitalSignage)
	d.vendor(c, "POST", route+"/verify", "/installations/"+c.Org.ID()+"/verify", nil).Want(t, 202)
	run()
	if c.Pushes(webextest.DigitalSignage) != 2 {
		t.Errorf("%d pushes after a verification was asked for", c.Pushes(webextest.DigitalSignage))
	}
	d.vendor(c, "POST", route+"/reload", "/installations/"+c.Org.ID()+"/reload", nil).Want(t, 202)
	run()
	if got := stored(c); !strings.HasSuffix(got, "_signpost_reload=1") {
		t.Errorf("after a reload, Webex stores %s", got)
	}

	c.ApplyChannels(`{"channels": {"gold": {"SIGNAGE_URL": "https://gold.example.com/?d=$(deviceId)"}}}`)
	assign := func(body any) answer {
		return d.vendor(c, "PUT", route+"/channel", "/installations/"+c.Org.ID()+"/channel", body)
	}
	for _, bad := range []any{object{"channel": "silver"}, object{"channel": 7}, object{"chanel": "gold"}, "gold", object{"channel": ""}, object{}, nil} {
		assign(bad).WantProblem(t, "malformed_request")
	}
	if got := assign(object{"channel": "gold"}).Want(t, 200).Object(t); got["channel"] != "gold" || got["revision"] != 1.0 ||
		got["features"].(map[string]any)[webextest.DigitalSignage].(map[string]any)["status"] != "pending" {
		t.Errorf("assigned: %v", got)
	}
	run()
	if got := stored(c); !strings.HasPrefix(got, "https://gold.example.com/") {
		t.Errorf("in the channel gold, Webex stores %s", got)
	}
	if got := assign(object{"channel": nil}).Want(t, 200).Object(t); got["channel"] != "default" {
		t.Errorf("assigned to none: %v", got)
	}
	c.Remove(nil)
	d.vendor(c, "GET", route, "/installations/"+c.Org.ID(), nil).WantProblem(t, "unknown_installation")
}

// TestVendorList: every installation once, page by page, and the filters.
func TestVendorList(t *testing.T) {
	t.Parallel()
	d, s := openAPI(t), customer.StartFor(t, nil)
	const route = "/installations"
	all := map[string]bool{}
	var c *client
	for range 7 {
		c = customer.New(t, s, west).Activate()
		all[c.Org.ID()] = true
	}
	european := customer.New(t, s, europe).Activate()
	all[european.Org.ID()] = true
	c.ApplyChannels(`{"channels": {"europe": {"regions": ["eu-central-1_k"]}}}`)
	c.ChangeRow(func(row *installation.Installation) { row.Schedule.FailingSince = time.Now().Add(-25 * time.Hour) })

	list := func(query string) (orgs []string, next string) {
		t.Helper()
		got := d.vendor(c, "GET", route, "/installations?"+query, nil).Want(t, 200).Object(t)
		for _, one := range got["installations"].([]any) {
			one := one.(map[string]any)
			orgs = append(orgs, fmt.Sprint(one["orgKey"]))
			if one["installationKey"] != nil {
				t.Error("the list shows installation keys")
			}
		}
		next, _ = got["next"].(string)
		return orgs, next
	}
	for _, limit := range []int{1, 3, 8, 200} {
		seen, pages, next := map[string]bool{}, 0, ""
		for ; pages == 0 || next != ""; pages++ {
			var orgs []string
			if orgs, next = list(fmt.Sprintf("limit=%d&cursor=%s", limit, next)); len(orgs) > limit || pages > 20 {
				t.Fatalf("%d installations on page %d of at most %d", len(orgs), pages, limit)
			}
			for _, org := range orgs {
				if seen[org] {
					t.Errorf("%s is listed twice", org)
				}
				seen[org] = true
			}
		}
		if len(seen) != len(all) {
			t.Errorf("by %d: %d of %d are listed", limit, len(seen), len(all))
		}
	}
	for query, want := range map[string]int{
		"": 8, "state=active": 8, "state=token_invalid": 0, "trouble=true": 1, "trouble=false": 7, "channel=europe": 1, "channel=default": 7, "channel=nobody": 0,
		"appId=" + strings.ToUpper(c.Cloud.AppID()): 8, "appId=" + customer.OtherApp: 0, "trouble=true&channel=europe": 0,
	} {
		if orgs, next := list(query); len(orgs) != want || next != "" {
			t.Errorf("%q lists %d, want %d; next %q", query, len(orgs), want, next)
		}
	}
	for _, query := range []string{"limit=0", "limit=201", "limit=x", "state=removed", "trouble=yes", "cursor=x", "cursor=OTkgYQ"} {
		d.vendor(c, "GET", route, "/installations?"+query, nil).WantProblem(t, "malformed_request")
	}
	got := d.vendor(c, "GET", route, "/installations?limit=0&state=x&trouble=1&cursor=!", nil)
	for _, problem := range []string{"limit", "cursor", "state", "trouble"} {
		if !strings.Contains(got.Body, problem+" must") {
			t.Errorf("%s is not reported: %s", problem, got.Body)
		}
	}
	trouble := d.vendor(c, "GET", "/installations/{org}", "/installations/"+c.Org.ID(), nil).Want(t, 200).Object(t)["trouble"].(map[string]any)
	if trouble["code"] != "configuration_failing" || trouble["since"] == nil || trouble["advice"] == "" {
		t.Errorf("trouble: %v", trouble)
	}
}

// TestVendorAmbiguous: two installations of one organization.
func TestVendorAmbiguous(t *testing.T) {
	t.Parallel()
	d := openAPI(t)
	c := activated(t, west)
	private := c.Upload(integration.NewAppID()).Register(false).Activate()
	got := d.vendor(c, "GET", "/installations/{org}", "/installations/"+c.Org.ID(), nil)
	got.WantProblem(t, "ambiguous_installation")
	if ids := strings.ToLower(fmt.Sprint(got.Object(t)["detail"])); !strings.Contains(ids, c.App.AppID()) || !strings.Contains(ids, private.App.AppID()) {
		t.Errorf("app ids: %s", ids)
	}
	for _, app := range []string{c.App.AppID(), strings.ToUpper(private.App.AppID())} {
		one := d.vendor(c, "GET", "/installations/{org}", "/installations/"+c.Org.ID()+"?appId="+app, nil).Want(t, 200).Object(t)
		if one["appId"] != strings.ToLower(app) {
			t.Errorf("%s: %v", app, one)
		}
	}
	d.vendor(c, "POST", "/installations/{org}/verify", "/installations/"+c.Org.ID()+"/verify", nil).WantProblem(t, "ambiguous_installation")
}

// TestVendorInvitations: made, listed, used and revoked.
func TestVendorInvitations(t *testing.T) {
	t.Parallel()
	d := openAPI(t)
	c := newCustomer(t, west)
	made := d.vendor(c, "POST", "/invitations", "/invitations", object{"reference": "4711", "label": "Acme", "expiresIn": 60}).Want(t, 201).Object(t)
	link, err := url.Parse(fmt.Sprint(made["url"]))
	if err != nil || !strings.HasPrefix(link.String(), c.Stack.URL()+"/activation?invite=") {
		t.Fatalf("made %v", made)
	}
	c.Submit(link.Query().Get("invite"), false, map[string]string{"jwt": c.Activation(object{"iat": customer.Seconds(-30)})}).Want(t, 200)
	if got := d.vendor(c, "GET", "/installations/{org}", "/installations/"+c.Org.ID(), nil).Want(t, 200).Object(t); got["reference"] != "4711" {
		t.Errorf("installation: %v", got)
	}
	id := fmt.Sprint(made["id"])
	listed := func(id string) object {
		for _, one := range d.vendor(c, "GET", "/invitations", "/invitations", nil).Want(t, 200).Object(t)["invitations"].([]any) {
			if one := one.(map[string]any); one["id"] == id {
				return one
			}
		}
		return nil
	}
	if one := listed(id); one["state"] != "used" || one["usedBy"] != c.Org.ID() || one["url"] != nil {
		t.Errorf("listed %v", one)
	}
	if got := d.vendor(c, "DELETE", "/invitations/{id}", "/invitations/"+id, nil).Want(t, 200).Object(t); got["state"] != "used" {
		t.Errorf("a used one is revoked: %v", got)
	}
	other := d.vendor(c, "POST", "/invitations", "/invitations", nil).Want(t, 201).Object(t)
	if got := d.vendor(c, "DELETE", "/invitations/{id}", "/invitations/"+fmt.Sprint(other["id"]), nil).Want(t, 200).Object(t); got["state"] != "revoked" {
		t.Errorf("revoked: %v", got)
	}
	otherLink, _ := url.Parse(fmt.Sprint(other["url"]))
	c.Page(otherLink.Query().Get("invite")).Want(t, 404)
	if private := d.vendor(c, "POST", "/invitations", "/invitations", object{"private": true}).Want(t, 201).Object(t); private["appId"] == c.Cloud.AppID() {
		t.Errorf("private: %v", private)
	}
	d.vendor(c, "DELETE", "/invitations/{id}", "/invitations/nonsense", nil).WantProblem(t, "unknown_invitation")
	for _, bad := range []any{object{"expiresIn": -1}, object{"expiresIn": 90*24*3600 + 1}, object{"reference": "a\nb"}, object{"label": strings.Repeat("x", 257)}, object{"ref": "1"}, []int{1}} {
		d.vendor(c, "POST", "/invitations", "/invitations", bad).WantProblem(t, "malformed_request")
	}
}

// TestVendorInvitationsPage: every invitation is on one page, the newest first.
func TestVendorInvitationsPage(t *testing.T) {
	t.Parallel()
	d := openAPI(t)
	c := customer.New(t, customer.StartFor(t, nil), west) // others' invitations are not among its own
	want := map[string]bool{}
	for range 5 {
		made, _ := c.Invite(invitation.Order{})
		want[made.ID] = true
	}
	var sizes []int
	newest := ""
	for path := "/invitations?limit=2"; path != ""; {
		page := d.vendor(c, "GET", "/invitations", path, nil).Want(t, 200).Object(t)
		listed := page["invitations"].([]any)
		for _, one := range listed {
			one := one.(map[string]any)
			if id := fmt.Sprint(one["id"]); !want[id] || newest != "" && fmt.Sprint(one["createdAt"]) > newest {
				t.Errorf("%s comes again, or too late", id)
			} else {
				delete(want, id)
			}
			newest = fmt.Sprint(one["createdAt"])
		}
		sizes, path = append(sizes, len(listed)), ""
		if next := page["next"]; next != nil {
			path = "/invitations?limit=2&cursor=" + fmt.Sprint(next)
		}
	}
	if len(want) > 0 || fmt.Sprint(sizes) != "[2 2 1]" {
		t.Errorf("pages of %v, without %v", sizes, want)
	}
	for _, query := range []string{"limit=0", "limit=1001", "limit=x", "cursor=nonsense"} {
		d.vendor(c, "GET", "/invitations", "/invitations?"+query, nil).WantProblem(t, "malformed_request")
	}
}

// TestVendorRollout: none, and one that runs.
func TestVendorRollout(t *testing.T) {
	t.Parallel()
	d, s := openAPI(t), customer.StartFor(t, nil)
	c := customer.New(t, s, west).Activate()
	if got := d.vendor(c, "GET", "/rollout", "/rollout", nil).Want(t, 200).Object(t); got["state"] != "none" || got["revision"] != 0.0 {
		t.Errorf("no rollout: %v", got)
	}
	c.StartRollout(`{"channels": {"gold": {}}}`, installation.Stage{Share: 1})
	if got := d.vendor(c, "GET", "/rollout", "/rollout", nil).Want(t, 200).Object(t); got["state"] != "running" || got["revision"] != 1.0 || got["stage"] != 1.0 {
		t.Errorf("a rollout: %v", got)
	}
}

// TestVendorKeys: without a valid key, nothing is said, not even what is malformed.
func TestVendorKeys(t *testing.T) {
	t.Parallel()
	d := openAPI(t)
	c := activated(t, west)
	var first string
	for _, key := range []string{"", "nonsense", customer.NewKey, customer.VendorLabel, customer.VendorKey + "x"} {
		for _, path := range []string{"/installations", "/installations?limit=x", "/installations/" + c.Org.ID(), "/installations/nobody"} {
			got := c.Send(customer.VendorRequest("GET", path, nil, key))
			d.answer("GET", "/installations", got)
			got.WantProblem(t, "unauthorized")
			if first == "" {
				first = got.Body
			}
			if got.Body != first || got.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s: %s", path, got.Body)
			}
		}
		got := c.Send(customer.VendorRequest("POST", "/invitations", object{"wrong": 1}, key))
		got.WantProblem(t, "unauthorized")
	}
	c.Send(customer.Redeeming("x", customer.VendorKey)).WantProblem(t, "unauthorized") // it does not redeem
}

// TestVendorLimit: a label's requests of a minute, which other labels do not share.
func TestVendorLimit(t *testing.T) {
	t.Parallel()
	c := newCustomer(t, west)
	got := provocations["too_many_requests"]["a label's"](c)
	got.WantProblem(t, "too_many_requests")
	openAPI(t).answer("GET", "/rollout", got)
	if seconds := got.Header.Get("Retry-After"); seconds == "" || seconds == "0" || len(seconds) > 2 {
		t.Errorf("Retry-After is %q", seconds)
	}
	c.Vendor("GET", "/rollout", nil).Want(t, 200)
}

// TestVendorReloadWithoutRoom: an address so long that the parameter does not fit.
func TestVendorReloadWithoutRoom(t *testing.T) {
	t.Parallel()
	const longest = 2048 - 143 // Webex appends 143 characters
	address := "https://signage.example.com/"
	address += strings.Repeat("a", longest-len(address))
	c := customer.New(t, customer.StartFor(t, map[string]string{"SIGNAGE_URL": address}), west).Activate()
	got := c.Vendor("POST", "/installations/"+c.Org.ID()+"/reload", nil)
	got.WantProblem(t, "reload_impossible")
	openAPI(t).answer("POST", "/installations/{org}/reload", got)
}
