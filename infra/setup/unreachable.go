package setup

import (
	"context"

	"signpost/infra/vendorpage"
	"signpost/shared/webex"
)

// warnUnreachable warns about pages that do not answer. That is not an error: a page may
// not exist yet, or may be unreachable from this machine.
func (s *session) warnUnreachable(ctx context.Context) {
	sample, variables := vendorpage.Sample(webex.DefaultRegions[0]), s.settings.Variables
	for _, page := range []vendorpage.Page{
		{What: "SIGNAGE_URL", Address: vendorpage.DeviceAddress(webex.DigitalSignage, variables["SIGNAGE_URL"], sample)},
		{What: "PWA_URL", Address: vendorpage.DeviceAddress(webex.PersistentWebApp, variables["PWA_URL"], sample)},
		{What: "CONTENT_URL", Address: variables["CONTENT_URL"], SignIn: true},
	} {
		if variables[page.What] == "" {
			continue
		}
		if err := page.Fetch(ctx); err != nil {
			s.say("Warning: %s cannot be reached from here: %v", page.What, err)
		}
	}
}
