// Package page owns the pages that people see: the one to paste an activation
// code into, and what came of it. They load nothing, run no script and work
// below any base path.
//
// It is a package of its own so that functions without a page do not link the
// template engine.
package page

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"

	"signpost/shared/gateway"
	"signpost/shared/installation"
	"signpost/shared/webex"
)

//go:embed page.html
var source string

//go:embed style.css
var style string

// layout is parsed once: its only input is the vendor's name and our own texts.
var layout = template.Must(template.New("page").Parse(source))

// policy lets the page use its own style and send its own form, and nothing
// else: whatever got into it could neither run nor send the code elsewhere.
var policy = func() string {
	hash := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}()

// Pages are the pages of one vendor. It is safe for concurrent use.
type Pages struct{ vendor string }

// New returns the pages of the vendor with this name, which may be empty.
func New(vendor string) *Pages { return &Pages{vendor: vendor} }

// content is what the template shows: a form, features, or a problem.
type content struct {
	Vendor   string
	Heading  string
	Form     bool
	Features []feature
	Problem  *gateway.Problem
	Advice   string
	Style    template.CSS
}

type feature struct{ Name, State string }

// Form returns the page to paste an activation code into.
func (p *Pages) Form() (gateway.Response, error) {
	return p.render(http.StatusOK, content{Heading: "Activate the integration", Form: true})
}

// Activated returns the page that says how far an activation has come.
func (p *Pages) Activated(features map[webex.Feature]installation.FeatureStatus) (gateway.Response, error) {
	shown := content{Heading: "The integration is active"}
	for _, name := range webex.Features {
		if status, ok := features[name]; ok {
			shown.Features = append(shown.Features, feature{Name: featureNames[name], State: inWords(status)})
		}
	}
	return p.render(http.StatusOK, shown)
}

// Problem returns the page for a problem if request asks for one; it is an
// argument of [gateway.WithProblemPages].
func (p *Pages) Problem(request gateway.Request, problem gateway.Problem) (gateway.Response, bool) {
	if !request.WantsHTML() {
		return gateway.Response{}, false
	}
	response, err := p.render(problem.Status, content{
		Heading: "The integration was not activated", Problem: &problem,
		Advice: cmp.Or(advice[problem.Code], "If this happens again, tell the vendor of the integration the code below."),
	})
	return response, err == nil
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

var featureNames = map[webex.Feature]string{
	webex.DigitalSignage: "Digital signage", webex.PersistentWebApp: "Persistent web apps",
}

func inWords(status installation.FeatureStatus) string {
	switch status {
	case installation.InSync:
		return "ready to be used in Control Hub"
	case installation.NotOffered:
		return "not part of what was activated in Control Hub"
	case installation.NotProvided:
		return "not provided by this service"
	case installation.Drifting:
		return "set up, but Webex shows something else; this is looked into"
	default:
		return "being set up; there is nothing for you to do, it is repeated until it is done"
	}
}

// advice says what a person can do, by the problem's code.
var advice = map[string]string{
	"malformed_request":   "Copy the whole activation code in Control Hub and paste it again.",
	"bad_signature":       "Copy the whole activation code in Control Hub and paste it again.",
	"bad_algorithm":       "Copy the activation code that Control Hub shows for this integration and paste it again.",
	"token_expired":       "Get a new activation code in Control Hub and paste that one.",
	"token_replayed":      "Get a new activation code in Control Hub and paste that one.",
	"token_not_yet_valid": "Wait for a minute, go back, and paste the code again.",
	"wrong_app":           "Look for this integration in Control Hub, and paste the activation code shown there.",
	"wrong_action":        "Paste the activation code that Control Hub shows for this integration.",
	"webex_unavailable":   "Wait for some minutes, go back, and paste the same code again.",
	"webex_rejected":      "Remove the integration in Control Hub, activate it again, and paste the new code.",
	"internal":            "Wait for some minutes, go back, and paste the same code again.",
}
