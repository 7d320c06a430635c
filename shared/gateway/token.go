package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"signpost/shared/webex"
)

// howToSend is the advice for a body without a token.
const howToSend = `Send JSON {"jwt": "…"}, a form with the field jwt, or the bare token as application/jwt.`

// Envelope is the member of a JSON body with the token. Embed it in a struct with
// the other members, and pass that to [Request.Token].
type Envelope struct {
	JWT *string `json:"jwt"`
}

func (e *Envelope) envelope() *Envelope { return e }

// Enveloped is a pointer to a struct that embeds [Envelope].
type Enveloped interface{ envelope() *Envelope }

// Token returns the token in the body: JSON, a form or the bare token, by its
// Content-Type or else by its content. White space and byte order marks around the
// body are ignored. Into, if not nil, receives the other members of a JSON body. The
// token is not empty; otherwise it is not checked. The error wraps
// [ErrMalformedRequest], and says what to send.
func (r Request) Token(into Enveloped) (string, error) {
	token, _, err := r.token(into)
	return token, err
}

// PastedToken is [Request.Token] for what a person may have copied: it finds the
// token among other text in a form field or a bare body, see [webex.FindToken]. The
// jwt of JSON, which programs write, must be the token alone. The error may also be
// [webex.ErrSeveralTokens].
func (r Request) PastedToken() (string, error) {
	token, form, err := r.token(nil)
	if err != nil || form == formJSON {
		return token, err
	}
	return webex.FindToken(token)
}

// Field returns a field of the body: of a form, or a string of a JSON object. It returns
// "" if the body has no such field, or is neither.
func (r Request) Field(name string) string {
	body, err := r.body()
	if err != nil {
		return ""
	}
	body = trimmed(body)
	switch formOf(r.Header("Content-Type"), body) {
	case formFields:
		fields, _ := url.ParseQuery(body) // those that are well-formed
		return fields.Get(name)
	case formJSON:
		var members map[string]any
		_ = json.Unmarshal([]byte(body), &members)
		text, _ := members[name].(string)
		return text
	default:
		return ""
	}
}

// trimmed returns a body without white space and byte order marks around it.
func trimmed(body string) string {
	return strings.TrimFunc(body, func(r rune) bool { return r == byteOrderMark || unicode.IsSpace(r) })
}

func (r Request) token(into Enveloped) (token string, in form, err error) {
	body, err := r.body()
	if err != nil {
		return "", formUnknown, err
	}
	if !utf8.ValidString(body) {
		return "", formUnknown, Malformed("The body is not UTF-8. " + howToSend)
	}
	body = trimmed(body)
	if into == nil {
		into = &Envelope{}
	}
	switch in = formOf(r.Header("Content-Type"), body); in {
	case formJSON:
		token, err = tokenOfJSON(body, into)
	case formFields:
		token, err = tokenOfFields(body)
	case formToken:
		token = body
	default:
		err = Malformed("The body contains no token. " + howToSend)
	}
	return token, in, err
}

// byteOrderMark is what some editors and shells write before UTF-8 text.
const byteOrderMark = '\ufeff'

// form is how a body contains a token.
type form int

const (
	formUnknown form = iota
	formJSON
	formFields
	formToken
)

var compactJWS = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$`)

// formOf goes by the content type, unless the body starts like JSON: tokens and
// forms never do, and many programs send JSON with their HTTP library's default type.
func formOf(contentType, body string) form {
	if len(body) == 0 {
		return formUnknown
	}
	if body[0] == '{' {
		return formJSON
	}
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	switch {
	case media == "application/json" || strings.HasSuffix(media, "+json"):
		return formJSON
	case media == "application/x-www-form-urlencoded" && strings.ContainsAny(body, "=&"):
		return formFields
	case media == "application/x-www-form-urlencoded":
		return formToken // curl sends any text with this type
	case media == "application/jwt" || media == "text/plain" || compactJWS.MatchString(body):
		return formToken
	default:
		return formUnknown
	}
}

func tokenOfJSON(body string, into Enveloped) (string, error) {
	if err := decodeJSON(body, into); err != nil {
		return "", err
	}
	token := into.envelope().JWT
	if token == nil || *token == "" {
		return "", Malformed(`The JSON has no "jwt". ` + howToSend)
	}
	return *token, nil
}

// decodeJSON reads one JSON object, and nothing after it.
func decodeJSON(body string, into any) error {
	if body[0] != '{' {
		return Malformed("The JSON is not an object. " + howToSend)
	}
	err := json.Unmarshal([]byte(body), into)
	if err == nil {
		return nil
	}
	// The name is that of the receiving struct's field, not the sender's.
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		field := strings.TrimPrefix(wrong.Field, "Envelope.")
		return Malformed(fmt.Sprintf("In the JSON, %q is of the wrong type. %s", field, howToSend))
	}
	return Malformed("The body is not JSON. " + howToSend)
}

// tokenOfFields does not trim the field, see [Request.PastedToken].
func tokenOfFields(body string) (string, error) {
	fields, err := url.ParseQuery(body)
	if err != nil {
		return "", Malformed("The form is not encoded as application/x-www-form-urlencoded. " + howToSend)
	}
	if len(fields["jwt"]) > 1 {
		return "", Malformed("The form has several fields jwt. " + howToSend)
	}
	token := fields.Get("jwt")
	if strings.TrimSpace(token) == "" {
		return "", Malformed("The form has no activation code: its field jwt is missing or empty.")
	}
	return token, nil
}
