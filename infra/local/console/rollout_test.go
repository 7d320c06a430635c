package console_test

import (
	"testing"
	"time"

	kit "signpost/infra/tests/customer"
	"signpost/shared/channel"
	"signpost/shared/installation"
	"signpost/shared/webex/webextest"
)

// TestRollout: three customers, of whom one is the pilot. What the pilot is shown fails
// afterwards, so the rollout halts before the others, and is rolled back.
func TestRollout(t *testing.T) {
	var orgs []*organization
	var stage installation.Stage
	for _, name := range []string{"Pilot", "Second", "Third"} {
		org := activated(t, "Rollout "+name)
		row := &kit.Customer{T: t, Stack: local, Cloud: cloud, Org: org.Organization, App: cloud.Integrations(org.ID())[0]}
		row.ChangeRow(func(row *installation.Installation) { row.Channel = "rollout" })
		orgs = append(orgs, org)
	}
	stage.Organizations = []string{orgs[0].ID()}
	vendor := &kit.Customer{T: t, Stack: local, Cloud: cloud}
	run := func() { vendor.Invoke("VerifyConfigsFunction", kit.Object{}).Want(t, 200) }
	run() // the passes, which are not the rollout's

	b := visit(t, orgs[0])
	b.wait(`getComputedStyle(document.getElementById("rollout")).display === "none"`)
	former, _ := cloud.DeviceURL(orgs[0].ID(), orgs[0].boards()[0].ID)
	vendor.StartRollout(`{"channels": {"rollout": {"SIGNAGE_URL": "`+local.WebexURL()+`/sample/signage?deviceId=$(deviceId)&edition=next"}}}`, stage, installation.Stage{Share: 1})
	t.Cleanup(func() {
		vendor.SetChannels(func(c channel.Current) (channel.Current, error) { c.Rollout = nil; return c, nil })
	})
	b.waitText("#rollout", "running")
	b.waitText("#rollout", "Rollout Pilot")
	run()
	b.waitText("#rollout", "holding")
	shown := func(org *organization, revision string) {
		t.Helper()
		b.wait(`[...document.querySelectorAll("#rollout-customers dt")].find((one) => one.textContent === ` + quote(org.Name()) + `).nextElementSibling.textContent.startsWith(` + quote(revision) + `)`)
	}
	shown(orgs[0], "revision 1")
	shown(orgs[1], "revision 0")
	shown(orgs[2], "revision 0")
	next, _ := cloud.DeviceURL(orgs[0].ID(), orgs[0].boards()[0].ID)
	b.wait(`document.getElementById(` + quote(orgs[0].boards()[0].ID) + `).querySelector(".screen").dataset.shown === ` + quote(next))
	if next == former {
		t.Fatalf("the pilot is shown %s", next)
	}

	cloud.Inject(webextest.Fault{OrgID: orgs[0].ID(), Kind: webextest.KindSignage, Method: "GET", Status: 500})
	b.press("#act-verify button", "failed")
	run()
	b.waitText("#rollout", "halted")
	b.accessible("a halted rollout")
	cloud.ClearFaults()
	vendor.SetChannels(func(c channel.Current) (channel.Current, error) { return c.Abort(time.Now()) })
	b.waitText("#rollout", "aborting")
	b.waitText("#rollout", "Continues")
	b.press("#act-verify button", "1 pushed")
	b.wait(`document.getElementById(` + quote(orgs[0].boards()[0].ID) + `).querySelector(".screen").dataset.shown === ` + quote(former))
	for _, org := range orgs[1:] {
		if got := cloud.Pushes(org.ID(), webextest.DigitalSignage); got != 1 {
			t.Errorf("%s was pushed %d times", org.Name(), got)
		}
	}
}
