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

// The checks, in their order. The action is not among them: which one is right
// depends on who asks.
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

// Finding is what one check found. Of checks that could not be made because of
// an earlier one, Made is false.
type Finding struct {
	Check Check
	Made  bool
	Err   error
}

// Explanation is a token taken apart for a person who asks why it is refused.
// Nothing in it is to be trusted unless every finding is without error.
type Explanation struct {
	Header   map[string]any
	Payload  map[string]any
	Claims   Claims
	Findings []Finding
	// KeyRegion is the region whose key signed it, "" if none of the trusted.
	KeyRegion string
}

// Explain makes every check that can be made, also after one that failed.
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
	explanation.found(CheckApp, v.checkApp(&explanation.Claims))
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

// rest adds the checks that are still to be made, as not made.
func (e *Explanation) rest() Explanation {
	all := []Check{CheckForm, CheckAlgorithm, CheckKey, CheckSignature, CheckClaims, CheckTimes, CheckApp, CheckURLs}
	e.skipped(all[len(e.Findings):]...)
	return *e
}

// notFor is err, unless it is the next check's.
func notFor(err, next error) error {
	if errors.Is(err, next) {
		return nil
	}
	return err
}

// peek decodes header and payload for show, secrets redacted.
func peek(raw string) (header, payload map[string]any) {
	parts := strings.Split(raw, ".") // decode has seen three
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
