package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"signpost/shared/secret"
	"signpost/shared/webex"
)

// maxShown bounds what is kept of a body, in bytes: one request may list
// thousands of devices.
const maxShown = 16 << 10

// secretNames are the fields that hold secrets, lower case and without _ or -.
var secretNames = []string{
	"accesstoken", "authorization", "clientsecret", "contentapikey", "cookie", "password", "refreshtoken", "setcookie",
}

var nameNoise = strings.NewReplacer("_", "", "-", "")

func isSecret(name string) bool {
	return slices.Contains(secretNames, strings.ToLower(nameNoise.Replace(name)))
}

var (
	// launchCode is a credential inside an address.
	launchCode = regexp.MustCompile(`([?&]launch=)[^&#"\s\\]+`)
	// compactToken matches a signed token.
	compactToken = regexp.MustCompile(`eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`)
)

// redactText replaces credentials in any text.
func redactText(text string) string {
	text = launchCode.ReplaceAllString(text, "${1}"+secret.Redacted)
	return compactToken.ReplaceAllString(text, secret.Redacted)
}

// message redacts a header and a body for display.
func message(header http.Header, body []byte) Message {
	m := Message{}
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			m.Header = append(m.Header, Field{name, redactField(name, value)})
		}
	}
	m.Body = redactBody(header.Get("Content-Type"), body)
	if len(m.Body) > maxShown {
		m.Left = len(m.Body) - maxShown
		m.Body = m.Body[:maxShown]
	}
	m.Body = strings.ToValidUTF8(m.Body, "\uFFFD")
	return m
}

func redactField(name, value string) string {
	if !isSecret(name) {
		return redactText(value)
	}
	if scheme, _, found := strings.Cut(value, " "); found && strings.EqualFold(scheme, "bearer") {
		return scheme + " " + secret.Redacted
	}
	return secret.Redacted
}

// redactBody redacts JSON and forms field by field, and other text by pattern.
func redactBody(contentType string, body []byte) string {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if len(bytes.TrimSpace(body)) > 0 && decoder.Decode(&value) == nil && !decoder.More() {
		return pretty(redactValue(value))
	}
	form := parameters(contentType, body)
	if len(form) == 0 {
		return redactText(string(body))
	}
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range form[name] {
			if isSecret(name) {
				value = secret.Redacted
			}
			lines.WriteString(name + " = " + redactText(value) + "\n")
		}
	}
	return lines.String()
}

// parameters parses a form; other content types have none.
func parameters(contentType string, body []byte) url.Values {
	if kind, _, _ := mime.ParseMediaType(contentType); kind != "application/x-www-form-urlencoded" {
		return nil
	}
	form, _ := url.ParseQuery(string(body)) // the valid part
	return form
}

// redactValue redacts a JSON value and decodes the tokens in it.
func redactValue(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			if text, is := inner.(string); is && isSecret(name) && text != "" {
				value[name] = secret.Redacted
				continue
			}
			value[name] = redactValue(inner)
		}
		return value
	case []any:
		for i, inner := range value {
			value[i] = redactValue(inner)
		}
		return value
	case string:
		if token, is := decodeToken(value); is {
			return token
		}
		return redactText(value)
	}
	return value
}

// decodeToken decodes the header and the claims of a token and redacts its
// signature, without which the token is useless.
func decodeToken(text string) (any, bool) {
	header, claims, ok := openToken(text)
	if !ok {
		return nil, false
	}
	return map[string]any{"header": redactValue(header), "claims": redactValue(claims), "signature": secret.Redacted}, true
}

func openToken(text string) (header, claims map[string]any, ok bool) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, nil, false
	}
	for i, into := range []*map[string]any{&header, &claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return nil, nil, false
		}
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		if decoder.Decode(into) != nil {
			return nil, nil, false
		}
	}
	return header, claims, true
}

// orgOfToken finds the organization that the token in a body names.
func orgOfToken(body []byte) string {
	var carrier struct{ JWT string }
	if json.Unmarshal(body, &carrier) != nil {
		return ""
	}
	_, claims, _ := openToken(carrier.JWT)
	subject, _ := claims["sub"].(string)
	if subject == "" {
		return ""
	}
	return webex.OrganizationKey(subject)
}

// pretty is indented JSON. It does not escape HTML characters, which are common
// in addresses.
func pretty(value any) string {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err.Error() // impossible: it was decoded from JSON
	}
	return text.String()
}
