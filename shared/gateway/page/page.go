// Package page owns the web pages: the one to paste an activation code into, that of an
// invitation, and the one with the result. They load nothing, run no script and work below any base
// path. After a problem, the form shows the pasted text again.
//
// It is a separate package so that functions without a page do not link the template
// engine.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"signpost/shared/gateway"
	"signpost/shared/installation"
	"signpost/shared/webex"
)

//go:embed page.html
var source string

//go:embed style.css
var style string

var layout = template.Must(template.New("page").Parse(source))

// policy allows the page's own style and form, and nothing else, so that injected
// markup could neither run nor send the code elsewhere.
var policy = func() string {
	hash := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}()

// Pages renders the pages of one vendor. It is safe for concurrent use.
type Pages struct{ vendor, support string }

// New returns the pages of a vendor by its name and the https or mailto address of
// its support. Both may be empty.
func New(vendor, support string) *Pages { return &Pages{vendor: vendor, support: support} }

// content is the input of the template: a form, perhaps with a problem above it, or
// features.
type content struct {
	Vendor   string
	Heading  string
	Form     bool
	Pasted   string
	Steps    *steps // of an invitation
	Features []feature
	Welcome  string // where the administrator goes on, perhaps
	Problem  *problem
	Style    template.CSS
}

type feature struct{ Name, State string }

// problem says why an activation failed, and whom to ask.
type problem struct {
	words
	Code        string
	Support     string
	SupportName string
}

// nameOf returns the visible text of a link to support.
func nameOf(address string) string {
	if mailbox, ok := strings.CutPrefix(address, "mailto:"); ok {
		mailbox, _, _ = strings.Cut(mailbox, "?")
		return mailbox
	}
	return address
}

// Form returns the page to paste an activation code into.
func (p *Pages) Form() (gateway.Response, error) {
	return p.render(http.StatusOK, content{Heading: "Activate the integration", Form: true})
}

// Activated returns the page with the state of each feature after an activation, and with
// a button to welcome, the vendor's page for new customers, unless that is "". Where an
// installation of this code has lost its access, the page asks for a new one.
func (p *Pages) Activated(state installation.State, features map[webex.Feature]installation.FeatureStatus, welcome string) (gateway.Response, error) {
	if state != installation.Active { // the code was used before
		return p.render(http.StatusOK, content{Heading: "The integration has lost its access: activate it again", Form: true})
	}
	shown := content{Heading: "The integration is active", Welcome: welcome}
	for _, name := range webex.Features {
		if status, ok := features[name]; ok {
			shown.Features = append(shown.Features, feature{Name: name.Title(), State: inWords(status)})
		}
	}
	return p.render(http.StatusOK, shown)
}

// maxPasted limits the text that is shown again, in bytes.
const maxPasted = 4 * webex.MaxTokenSize

// Problem returns the page for a problem, with the form and the pasted text, if
// request accepts HTML. It is an argument of [gateway.WithProblemPages].
func (p *Pages) Problem(request gateway.Request, failure gateway.Problem, cause error) (gateway.Response, bool) {
	if !request.WantsHTML() {
		return gateway.Response{}, false
	}
	pasted, err := request.Token(nil)
	if err != nil || len(pasted) > maxPasted {
		pasted = ""
	}
	shown := content{
		Heading: headingOf(failure, request), Form: failure.Code != codeUnknownInvitation, Pasted: pasted,
		Problem: &problem{
			words: wordsFor(failure, cause), Code: failure.Code,
			Support: p.support, SupportName: nameOf(p.support),
		},
	}
	if invited, ok := errors.AsType[*InvitedError](cause); ok && shown.Form {
		shown.Form, shown.Steps = false, stepsOf(invited.Invited, invited.Cause, request.Field("clientId"))
	}
	response, err := p.render(failure.Status, shown)
	return response, err == nil
}

// codeUnknownInvitation is the problem of a link that cannot be used.
const codeUnknownInvitation = "unknown_invitation"

// headingOf says what did not happen. A used link may well have done its work.
func headingOf(failure gateway.Problem, request gateway.Request) string {
	switch {
	case failure.Code == codeUnknownInvitation:
		return headingSetUp
	case request.Field("clientId") != "" && request.Field("jwt") == "":
		return "Client id and client secret were not saved"
	default:
		return "The integration was not activated"
	}
}

func (p *Pages) render(status int, shown content) (gateway.Response, error) {
	shown.Vendor, shown.Style = p.vendor, template.CSS(style)
	var body bytes.Buffer
	if err := layout.Execute(&body, shown); err != nil {
		return gateway.Response{}, fmt.Errorf("render a page: %w", err)
	}
	return gateway.Response{Status: status, Body: body.String(), Headers: map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy,
	}}, nil
}

func inWords(status installation.FeatureStatus) string {
	switch status {
	case installation.InSync:
		return "ready to be used in Control Hub"
	case installation.NotOffered:
		return "not part of what was activated in Control Hub"
	default:
		return "being set up; you do not need to do anything"
	}
}
