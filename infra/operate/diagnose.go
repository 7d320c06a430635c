package operate

import (
	"cmp"
	"context"
	"fmt"

	"signpost/infra/terminal"
	"signpost/infra/vendorpage"
	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/webex"
)

// lookInControlHub are the causes of a dark screen that neither the table nor Webex's
// interface for integrations shows, by feature; infra/docs/customer-help.md has the steps.
var lookInControlHub = map[webex.Feature][]string{
	webex.DigitalSignage: {
		"Devices, the device, Digital signage: is it enabled, with this integration as its source?",
		"Is the device in a call, or is somebody using it? Signage shows when it is idle.",
	},
	webex.PersistentWebApp: {
		"Devices, the device with the Room Navigator, persistent web app: is it enabled, with this integration?",
		"Is a Room Navigator paired with the device?",
	},
}

// Diagnose prints what can be known of one customer whose screens stay dark: the
// installation beside what Webex stores for it, whether the stored pages answer from
// here, and what to look at in Control Hub. It changes nothing. It returns
// terminal.ErrFindings if something is wrong.
func (o *Operator) Diagnose(ctx context.Context, s Selection) error {
	p, row, err := o.single(ctx, s)
	if err != nil {
		return err
	}
	inspection, err := p.inspect(ctx, row.Key, false)
	if err != nil {
		return err
	}
	document, findings := o.showInspection(p, inspection)
	shown := shownPages(inspection)
	failures := o.unanswered(ctx, shown)
	if o.JSON {
		texts := []string{}
		for _, failure := range failures {
			texts = append(texts, failure.Error())
		}
		err = o.Print(map[string]any{"inspection": document, "pages": len(shown), "unanswered": texts})
		return terminal.Findings(findings || len(failures) > 0, err)
	}
	o.Blank()
	o.Title("pages, fetched from here")
	for _, failure := range failures {
		o.Bad(failure.Error())
	}
	switch {
	case len(shown) == 0:
		o.Note("Webex stores no page for this customer")
	case len(failures) == 0:
		o.Good("each page answers, with this customer's values")
	}
	o.Blank()
	o.Title("to look at in Control Hub")
	for _, feature := range webex.Features {
		for _, text := range lookInControlHub[feature] {
			o.Note(text)
		}
	}
	if !findings {
		o.Note("If everything here is right, signpost reload" + o.stageFlag() + " " + row.OrgKey + " makes the devices reload their pages.")
	} else if row.State == installation.Active {
		o.Note("signpost verify" + o.stageFlag() + " " + row.OrgKey + " restores what Webex has lost.")
	}
	return terminal.Findings(findings || len(failures) > 0, nil)
}

// shownPages lists the pages that devices of the installation open: those that Webex
// stores, or where it could not be asked those that we want.
func shownPages(inspection lifecycle.Inspection) map[vendorpage.Page]bool {
	all := map[vendorpage.Page]bool{}
	for feature, verdict := range inspection.Verdicts {
		config := verdict.Stored
		if inspection.Failures[feature] != nil {
			config = cmp.Or(config, verdict.Wanted)
		}
		if config != nil {
			address := vendorpage.DeviceAddress(feature, config.DeviceURL, installation.Installation{}) // ours are filled in already
			all[vendorpage.Page{What: fmt.Sprintf("the page of %s", feature), Address: address}] = true
		}
	}
	return all
}
