package page

import (
	"errors"

	"signpost/shared/gateway"
	"signpost/shared/webex"
)

// words tell an administrator what is wrong, and what to do about it.
type words struct{ Wrong, Advice string }

// wordsFor returns the words for a problem, with its own title if activations do not
// have such a problem.
func wordsFor(failure gateway.Problem, cause error) words {
	if errors.Is(cause, webex.ErrSeveralTokens) {
		return words{"These are several activation codes", "Paste only the one that Control Hub showed last."}
	}
	if invited, ok := errors.AsType[*InvitedError](cause); ok {
		if known, ok := invitedWords(invited.Invited, invited.Cause); ok {
			return known
		}
	}
	if known, ok := problemWords[failure.Code]; ok {
		return known
	}
	return words{failure.Title, waitAMinute}
}

const (
	copyAgain   = "Copy the whole code in Control Hub, from its first character to its last, and paste it again."
	waitAMinute = "Wait a minute and press Activate again."
	waitSome    = "Wait a few minutes and press Activate again."
	newCode     = "Get a new code in Control Hub and paste that one. A code is valid for 24 hours and can be used once."
)

// problemWords are the words for each problem of an activation, by its code.
var problemWords = map[string]words{
	"malformed_request":   {"This is not a complete activation code", copyAgain},
	"bad_signature":       {"This activation code was changed or cut short", copyAgain},
	"bad_algorithm":       {"This is not an activation code from Webex", "Paste the code that Control Hub shows for this integration."},
	"unknown_key":         {"This activation code is not from a Webex region that is served here", "If Control Hub showed you this code, the vendor must add your organization's region."},
	"token_expired":       {"This activation code has expired", newCode},
	"token_replayed":      {"This activation code was used before", newCode},
	"token_not_yet_valid": {"This activation code is not valid yet", waitAMinute},
	"wrong_app":           {"This activation code is for another integration", "Open this integration in Control Hub and paste the code that is shown there."},
	"wrong_action":        {"This is not an activation code", "Paste the code that Control Hub shows when you activate this integration."},
	"untrusted_url":       {"This activation code contains an address that is not on a trusted Webex host", "Ask the vendor to allow it."},
	"unknown_invitation":  {"This link does not work", "It was used before, has expired, or is not complete. If you have activated the integration with it, nothing is left to do. Otherwise ask the vendor of the integration for a new link."},
	"webex_unavailable":   {"Webex could not be reached", waitSome},
	"webex_rejected":      {"Webex refused the activation", "Remove the integration in Control Hub, activate it again, and paste the new code."},
	"internal":            {"Something went wrong", waitSome},
}
