// Package page owns the pages that people see: the one to paste an activation
// code into, and what came of it. They load nothing, run no script and work
// below any base path. What was pasted is shown again to who pasted it, and
// goes nowhere else.
//
// It is a package of its own so that functions without a page do not link the
// template engine.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
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
type Pages struct{ vendor, support string }

// New returns the pages of the vendor with this name, and this https or mailto
// address of its support; both may be empty.
func New(vendor, support string) *Pages { return &Pages{vendor: vendor, support: support} }

// content is what the template shows: a form, with a problem above it after it
// failed, or features.
type content struct {
	Vendor   string
	Heading  string
	Form     bool
	Pasted   string
	Features []feature
	Problem  *problem
	Style    template.CSS
}

type feature struct{ Name, State string }

// problem is why an activation failed, and whom to ask.
type problem struct {
	words
	Code        string
	Support     string
	SupportName string
}

// nameOf is what people read of an address of support.
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

// Activated returns the page that says how far an activation has come.
func (p *Pages) Activated(features map[webex.Feature]installation.FeatureStatus) (gateway.Response, error) {
	shown := content{Heading: "The integration is active"}
	for _, name := range webex.Features {
		if status, ok := features[name]; ok {
			shown.Features = append(shown.Features, feature{Name: name.Title(), State: inWords(status)})
		}
	}
	return p.render(http.StatusOK, shown)
}

// maxPasted bounds what is shown again, in bytes: more is no activation code
// with words around it.
const maxPasted = 4 * webex.MaxTokenSize

// Problem returns the page for a problem if request asks for one; it is an
// argument of [gateway.WithProblemPages]. The form is on it again, with what
// was pasted.
func (p *Pages) Problem(request gateway.Request, told gateway.Problem, cause error) (gateway.Response, bool) {
	if !request.WantsHTML() {
		return gateway.Response{}, false
	}
	pasted, err := request.Token(nil)
	if err != nil || len(pasted) > maxPasted {
		pasted = ""
	}
	response, err := p.render(told.Status, content{
		Heading: "The integration was not activated", Form: true, Pasted: pasted,
		Problem: &problem{
			words: wordsFor(told, cause), Code: told.Code,
			Support: p.support, SupportName: nameOf(p.support),
		},
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
