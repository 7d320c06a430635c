package webex

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"signpost/shared/secret"
)

// Check is one of the checks that [Verifier.Verify] makes.
type Check string

// The checks, in order. The action is not among them: it depends on the route.
const (
	CheckForm      Check = "form"
	CheckAlgorithm Check = "algorithm"
	CheckKey       Check = "key"
	CheckSignature Check = "signature"
	CheckClaims    Check = "claims"
	CheckTimes     Check = "times"
	CheckApp       Check = "app"
	CheckURLs      Check = "urls"
)

// Finding is the result of one check.
type Finding struct {
	Check Check
	Made  bool // false if an earlier failure made the check impossible
	Err   error
}

// Explanation is a decoded token and why it is refused, for people. Trust nothing
// in it unless every finding is made and without error.
type Explanation struct {
	Header   map[string]any
	Payload  map[string]any
	Claims   Claims
	Findings []Finding
	// KeyRegion is the trusted region whose key signed it, "" if none did.
	KeyRegion string
}

// Explain makes every possible check, even after one that failed.
func (v *Verifier) Explain(ctx context.Context, raw string) Explanation {
	var explanation Explanation
	wire := &wireClaims{}
	token, err := decode(raw, wire)
	explanation.found(CheckForm, notFor(err, ErrBadAlgorithm))
	if errors.Is(err, ErrMalformed) {
		return explanation.rest()
	}
	explanation.found(CheckAlgorithm, err)
	explanation.Header, explanation.Payload = peek(raw)
	if err == nil {
		explanation.KeyRegion, err = v.checkSignature(ctx, token, raw, wire)
		explanation.found(CheckKey, notFor(err, ErrBadSignature))
		if err == nil || errors.Is(err, ErrBadSignature) {
			explanation.found(CheckSignature, err)
		} else {
			explanation.skipped(CheckSignature)
		}
	} else {
		explanation.skipped(CheckKey, CheckSignature)
	}
	explanation.Claims, err = wire.claims()
	explanation.found(CheckClaims, err)
	if err != nil {
		return explanation.rest()
	}
	explanation.found(CheckTimes, wire.checkTimes(v.now()))
	explanation.found(CheckApp, v.CheckApp(ctx, Token{Claims: explanation.Claims}))
	explanation.found(CheckURLs, explanation.Claims.checkURLs(v.hosts))
	return explanation
}

func (e *Explanation) found(check Check, err error) {
	e.Findings = append(e.Findings, Finding{Check: check, Made: true, Err: err})
}

func (e *Explanation) skipped(checks ...Check) {
	for _, check := range checks {
		e.Findings = append(e.Findings, Finding{Check: check})
	}
}

// rest adds the remaining checks as not made.
func (e *Explanation) rest() Explanation {
	all := []Check{CheckForm, CheckAlgorithm, CheckKey, CheckSignature, CheckClaims, CheckTimes, CheckApp, CheckURLs}
	e.skipped(all[len(e.Findings):]...)
	return *e
}

// notFor returns err unless it is next, the failure of a later check.
func notFor(err, next error) error {
	if errors.Is(err, next) {
		return nil
	}
	return err
}

// peek decodes header and payload for display, with the refresh token redacted.
func peek(raw string) (header, payload map[string]any) {
	parts := strings.Split(raw, ".") // three: decode succeeded
	for i, into := range []*map[string]any{&header, &payload} {
		if document, err := parser.DecodeSegment(parts[i]); err == nil {
			_ = json.Unmarshal(document, into)
		}
	}
	if _, ok := payload["refreshToken"]; ok {
		payload["refreshToken"] = secret.Redacted
	}
	return header, payload
}
