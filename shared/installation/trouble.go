package installation

import (
	"fmt"
	"time"
)

// TroubleCode is the stable name of a problem of an installation.
type TroubleCode string

// The problems of an installation.
const (
	// TroubleTokenInvalid: Webex refused the refresh token.
	TroubleTokenInvalid TroubleCode = "token_invalid"
	// TroubleFailing: verification has failed for [FailingAfter].
	TroubleFailing TroubleCode = "configuration_failing"
	// TroubleAppDiffers: Webex has approved something that it never announced.
	TroubleAppDiffers TroubleCode = "app_differs"
	// TroubleWrongRegion: another region than the installation's signs its actions.
	TroubleWrongRegion TroubleCode = "wrong_region"
	// TroubleTokenExpiring: the refresh token expires soon.
	TroubleTokenExpiring TroubleCode = "token_expiring"
)

// TroubleCodes are all problems, the most urgent first.
var TroubleCodes = []TroubleCode{TroubleTokenInvalid, TroubleFailing, TroubleAppDiffers, TroubleWrongRegion, TroubleTokenExpiring}

// Trouble is the most urgent problem of an installation.
type Trouble struct {
	Code TroubleCode
	// Since is when it began, zero if that is not known.
	Since time.Time
	// Detail says what is wrong, Advice what to do about it.
	Detail, Advice string
}

// Trouble returns the most urgent problem at now, and false if there is none. A tombstone
// has none.
func (i Installation) Trouble(now time.Time) (Trouble, bool) {
	switch {
	case i.State == Removed:
	case i.State == TokenInvalid:
		return Trouble{
			TroubleTokenInvalid, i.Tokens.InvalidSince,
			"Webex refuses the refresh token. The devices keep the configuration that they have.",
			"The token is tried again once a day. If it stays refused, ask the customer's administrator to activate the integration again in Control Hub.",
		}, true
	case i.Schedule.Failing(now):
		return Trouble{
			TroubleFailing, i.Schedule.FailingSince,
			fmt.Sprintf("Every verification has failed for over a day; the last result is %s.", i.Schedule.LastResult),
			"It is tried again without end. If other customers of the region are well, look at the log lines of this one.",
		}, true
	case i.App.Difference != "":
		return Trouble{
			TroubleAppDiffers, i.App.Since,
			"Webex has approved a change without announcing it: " + i.App.Difference + ".",
			"Ask the customer's administrator to approve it once more, or wait for Webex to repeat the announcement.",
		}, true
	case i.ForeignRegion.Region != "":
		return Trouble{
			TroubleWrongRegion, i.ForeignRegion.At,
			fmt.Sprintf("The installation is of region %s, and %s signs its actions.", i.Region, i.ForeignRegion.Region),
			"The organization may have moved. Ask the customer's administrator to activate the integration again in Control Hub.",
		}, true
	case i.TokenHealth(now) == TokensExpiring:
		return Trouble{
			TroubleTokenExpiring, time.Time{},
			"The refresh token expires on " + i.Tokens.RefreshExpiresAt.UTC().Format(time.DateOnly) + ".",
			"A verification renews it. If the date stays, ask the customer's administrator to activate the integration again.",
		}, true
	}
	return Trouble{}, false
}
