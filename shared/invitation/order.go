package invitation

import (
	"fmt"
	"strings"
	"time"

	"signpost/shared/integration"
	"signpost/shared/webex"
)

// Order is the invitation that the vendor asks for. Its JSON is a request's body.
type Order struct {
	// Reference is the vendor's own id of the customer, Label a name for its lists: one
	// line of at most [integration.MaxLabel] bytes each.
	Reference string `json:"reference"`
	Label     string `json:"label"`
	// Private asks for a private integration.
	Private bool `json:"private"`
	// ExpiresIn is the life in seconds, 0 for [DefaultLife]; [MaxLife] at most.
	ExpiresIn int64 `json:"expiresIn"`
}

// invitation returns what is ordered, without id and app id, or an [*InvalidError].
func (o Order) invitation(now time.Time) (Invitation, error) {
	var problems []string
	for _, field := range []struct{ name, value string }{{"reference", o.Reference}, {"label", o.Label}} {
		if !integration.IsLabel(field.value) {
			problems = append(problems, fmt.Sprintf("%s must be one line of at most %d bytes", field.name, integration.MaxLabel))
		}
	}
	life := DefaultLife
	if o.ExpiresIn != 0 {
		life = time.Duration(min(max(o.ExpiresIn, 0), int64(MaxLife/time.Second)+1)) * time.Second
	}
	if life <= 0 || life > MaxLife {
		problems = append(problems, fmt.Sprintf("expiresIn must be from 1 to %d seconds", MaxLife/time.Second))
	}
	if len(problems) > 0 {
		return Invitation{}, &InvalidError{problems}
	}
	return Invitation{
		Private: o.Private, Reference: o.Reference, Label: o.Label, CreatedAt: now, ExpiresAt: now.Add(life),
	}, nil
}

// maxSecret bounds a client secret, in bytes; Webex's have 64 characters.
const maxSecret = 512

// checkClient returns an [*InvalidError] if this cannot be a client of Webex, such as
// another field that was pasted by mistake.
func checkClient(clientID, clientSecret string) error {
	var problems []string
	if !webex.IsClientID(clientID) {
		problems = append(problems, "The client id must be letters, digits and . _ ~ - only, as Control Hub shows it.")
	}
	if clientSecret == "" || len(clientSecret) > maxSecret || strings.ContainsFunc(clientSecret, func(c rune) bool { return c <= ' ' || c > '~' }) {
		problems = append(problems, "The client secret must be one word without spaces, as Control Hub shows it.")
	}
	if clientSecret != "" && clientSecret == clientID {
		problems = append(problems, "The client id and the client secret are the same.")
	}
	if len(problems) > 0 {
		return &InvalidError{problems}
	}
	return nil
}
