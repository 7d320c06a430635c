// The messages that the use cases log. Metric filters of the stack refer to the
// exported ones. Dashboards and queries use the fields org, outcome, cause,
// webex_status, webex_code, token_health and failing_hours: do not rename them.

package lifecycle

const (
	MsgAppDiffers        = "app differs"
	MsgFeature           = "feature"
	MsgRefusalsSuspected = "refusals suspected"
	MsgRemoved           = "removed"
	MsgTokenInvalid      = "token_invalid"
	MsgWrongRegion       = "wrong region"

	msgActionSkipped    = "skip action"
	msgActivated        = "activated"
	msgAppNotCompared   = "compare app"
	msgCandidate        = "prove candidate"
	msgChannel          = "channel"
	msgDeviceKey        = "device key"
	msgExpire           = "expire"
	msgHealth           = "health"
	msgInvalidNotStored = "retry kept token"
	msgMoveSkipped      = "skip move"
	msgHasten           = "hasten verification"
	msgReactivated      = "reactivated"
	msgRefusalsKept     = "clear refusals"
	msgRegionNotKept    = "store wrong region"
	msgReload           = "reload"
	msgRenewalFailed    = "renew refresh token"
	msgRenewalLeaseKept = "release renewal lease"
	msgSync             = "sync"
	msgVerify           = "verify"
	msgVerifySoon       = "verify soon"
	msgWorkLeaseKept    = "release work lease"
)
