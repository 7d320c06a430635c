package page

import (
	"errors"
	"net/http"

	"signpost/shared/gateway"
	"signpost/shared/invitation"
	"signpost/shared/webex"
)

// Invited is what the page of an invitation shows. It has nothing of other customers, and
// neither the vendor's reference nor its label.
type Invited struct {
	// Code is the invitation's, for the page's own links and forms.
	Code    string
	Private bool
	// ClientID is the OAuth client that the customer has given, "" before.
	ClientID string
	// Until is the last day on which the link works, such as 2 January 2026.
	Until string
}

// InvitedError is an error of a request with an invitation: the page of the problem then
// shows the steps, with what was entered. It unwraps to its cause.
type InvitedError struct {
	Invited Invited
	Cause   error
}

// Error returns the cause's text.
func (e *InvitedError) Error() string { return e.Cause.Error() }

// Unwrap returns the cause.
func (e *InvitedError) Unwrap() error { return e.Cause }

// steps are the steps of an invitation, as the template shows them.
type steps struct {
	Invited
	// AskClient: the form for the OAuth client is shown. AskCode: that for the
	// activation code is.
	AskClient, AskCode bool
	// EnteredID is a client id that was entered and not kept.
	EnteredID string
}

const headingSetUp = "Set up the integration"

// Invitation returns the page of an invitation, with the step that is next.
func (p *Pages) Invitation(of Invited) (gateway.Response, error) {
	return p.render(http.StatusOK, content{Heading: headingSetUp, Steps: stepsOf(of, nil, "")})
}

// stepsOf returns what is asked for after cause, nil for no problem. What Webex does not
// accept from the client is asked for again, together with the code.
func stepsOf(of Invited, cause error, enteredID string) *steps {
	client := of.Private && (of.ClientID == "" || refersToClient(cause))
	return &steps{Invited: of, AskClient: client, AskCode: !client, EnteredID: enteredID}
}

// refersToClient reports whether an error may come from a wrong OAuth client.
func refersToClient(err error) bool {
	return errors.Is(err, webex.ErrInvalidClient) || errors.Is(err, webex.ErrInvalidGrant) || errors.Is(err, invitation.ErrInvalid)
}

// invitedWords are the words for a problem of a private integration, where they differ.
func invitedWords(of Invited, cause error) (words, bool) {
	switch {
	case errors.Is(cause, webex.ErrInvalidClient) && of.Private:
		return words{"Webex does not accept this client id and client secret", "Copy both again from Control Hub. If you no longer have the client secret, remove the integration there and upload the manifest again."}, true
	case errors.Is(cause, webex.ErrInvalidGrant) && of.Private:
		return words{"The client id and the activation code do not belong together", "Copy client id and client secret of the integration that you activated: they were shown when its manifest was uploaded."}, true
	case errors.Is(cause, webex.ErrWrongApp) && of.Private && of.ClientID == "":
		return words{"Enter client id and client secret first", "Control Hub showed them when the manifest was uploaded."}, true
	case errors.Is(cause, webex.ErrWrongApp):
		return words{"This activation code is for another integration", "Activate the integration whose manifest you downloaded here, without changing the manifest, and paste its code."}, true
	}
	invalid, ok := errors.AsType[*invitation.InvalidError](cause)
	if !ok {
		return words{}, false
	}
	return words{"Check what you entered", invalid.Error()}, true
}
