package webex

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"signpost/shared/secret"
)

// Action is the `action` claim: what a token tells the integration to do.
type Action string

// All actions [java] [page].
const (
	Provision      Action = "provision"
	UpdateApproved Action = "updateApproved"
	Update         Action = "update"
	HealthCheck    Action = "healthCheck"
	Deprovision    Action = "deprovision"
	CrossLaunch    Action = "crossLaunch"
)

// ManagementActions are what Webex posts to an installation's actionsUrl [java].
// All four go to one function, functions/updateapproved, which verifies tokens
// for just these; package lifecycle applies each by its name.
var ManagementActions = []Action{UpdateApproved, Update, HealthCheck, Deprovision}

// Limits on identifiers: longer values would not fit the keys of a store.
const (
	MaxSubject = 1024 // bytes of `sub`
	maxID      = 512  // bytes of `jti`, `appId`, `region`
)

// Claims are the claims of a token that Webex signed, checked for shape.
type Claims struct {
	// Subject is `sub`, unchanged; see [OrganizationKey].
	Subject string
	AppID   string
	Action  Action
	// ID is `jti`, unique per token.
	ID       string
	IssuedAt time.Time
	// ExpiryTime is zero if the token has none.
	ExpiryTime time.Time
	// Region is `region`, "" if the token has none.
	Region string

	// OrgName and the fields below come with provision, update and
	// updateApproved tokens; each may be empty.
	OrgName         string
	OAuthURL        string
	AppURL          string
	ManifestURL     string
	APIBaseURL      string
	RefreshToken    secret.String
	Scopes          []string
	XAPIAccess      string
	ManifestVersion int
	// Endpoints are the addresses of the feature-configuration APIs, for the
	// features that the manifest offers.
	Endpoints map[Feature]string
	// Task is the task of a crossLaunch token, "" if it has none [java].
	Task Task
	// UserID is who activated the integration, "" if an activation code does not say
	// [zoom].
	UserID string
}

// wireClaims is the payload as Webex writes it, limited to the claims used here.
type wireClaims struct {
	jwt.RegisteredClaims `json:"-"` // for [jwt.Claims]; nothing is read into it

	Subject         string           `json:"sub"`
	ID              string           `json:"jti"`
	IssuedAt        *jwt.NumericDate `json:"iat"`
	NotBefore       *jwt.NumericDate `json:"nbf"`
	ExpiresAt       *jwt.NumericDate `json:"exp"`
	AppID           string           `json:"appId"`
	Action          string           `json:"action"`
	ExpiryTime      wireTime         `json:"expiryTime"`
	Region          string           `json:"region"`
	OrgName         string           `json:"orgName"`
	OAuthURL        string           `json:"oauthUrl"`
	AppURL          string           `json:"appUrl"`
	ManifestURL     string           `json:"manifestUrl"`
	APIBaseURL      string           `json:"webexapisBaseUrl"`
	RefreshToken    string           `json:"refreshToken"`
	Scopes          scopes           `json:"scopes"`
	XAPIAccess      text             `json:"xapiAccess"`
	ManifestVersion wholeNumber      `json:"manifestVersion"`
	Task            string           `json:"task"`
	UserID          word             `json:"userId"`

	// endpoints are the claims of [featureSpecs].
	endpoints map[Feature]string
	// shape is the error of claims with a wrong type. It is reported only after the
	// signature was checked, so that a caller without a valid token learns nothing.
	shape error
}

// UnmarshalJSON accepts any JSON object; [wireClaims.claims] reports its errors.
func (w *wireClaims) UnmarshalJSON(raw []byte) error {
	if len(raw) == 0 || raw[0] != '{' {
		return errors.New("claims are not a JSON object")
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	type plain wireClaims
	w.shape = errors.Join(json.Unmarshal(exactMembers(all), (*plain)(w)), w.readEndpoints(all))
	return nil
}

// readEndpoints reads the claims with the addresses of the feature APIs.
func (w *wireClaims) readEndpoints(all map[string]json.RawMessage) error {
	w.endpoints = map[Feature]string{}
	for _, spec := range featureSpecs {
		var endpoint string
		if value, ok := all[spec.claim]; ok {
			if err := json.Unmarshal(value, &endpoint); err != nil {
				return err
			}
		}
		if endpoint != "" {
			w.endpoints[spec.name] = endpoint
		}
	}
	return nil
}

// claimNames are the claims that are read, except those of the features.
var claimNames = func() (names []string) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[wireClaims]()) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
	}
	return names
}()

// exactMembers returns the object reduced to the members whose names are exactly
// those of claims, each with its last value. The decoder ignores case and would
// take `APPID` for `appId`, which to Webex and RFC 7519 are two claims. It would
// also keep an earlier value if the last one is null.
func exactMembers(all map[string]json.RawMessage) []byte {
	exact := []byte{'{'}
	for _, name := range claimNames {
		value, ok := all[name]
		if !ok {
			continue
		}
		if len(exact) > 1 {
			exact = append(exact, ',')
		}
		exact = append(append(strconv.AppendQuote(exact, name), ':'), value...)
	}
	return append(exact, '}')
}

// wireTime is RFC 3339 with nanoseconds [token]; null and "" are the zero time.
type wireTime struct{ time.Time }

func (t *wireTime) UnmarshalText(raw []byte) error {
	if len(raw) == 0 {
		return nil
	}
	parsed, err := time.Parse(time.RFC3339Nano, string(raw))
	t.Time = parsed
	return err
}

// scopes is one comma-separated string [token]; an array is accepted too.
type scopes []string

func (s *scopes) UnmarshalJSON(raw []byte) error {
	var list string
	if err := json.Unmarshal(raw, &list); err != nil {
		return json.Unmarshal(raw, (*[]string)(s))
	}
	for scope := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		*s = append(*s, scope)
	}
	return nil
}

// text is a string that holds JSON [token]; bare JSON is accepted too.
type text string

func (t *text) UnmarshalJSON(raw []byte) error {
	if err := json.Unmarshal(raw, (*string)(t)); err != nil {
		*t = text(raw)
	}
	return nil
}

// claims checks the shape of the claims that every token must have and of those
// that its action needs. The error wraps [ErrMalformed] and names the claim, not
// its value.
func (w *wireClaims) claims() (Claims, error) {
	if w.shape != nil {
		return Claims{}, fmt.Errorf("%w: a claim is of the wrong type", ErrMalformed)
	}
	required := []struct {
		name, value string
		limit       int
	}{
		{"sub", w.Subject, MaxSubject}, {"appId", w.AppID, maxID}, {"action", w.Action, maxID}, {"jti", w.ID, maxID},
	}
	for _, claim := range required {
		if claim.value == "" || len(claim.value) > claim.limit || !printable(claim.value) {
			return Claims{}, fmt.Errorf("%w: claim %s must be a string of 1 to %d bytes", ErrMalformed, claim.name, claim.limit)
		}
	}
	if w.IssuedAt == nil {
		return Claims{}, fmt.Errorf("%w: claim iat is missing", ErrMalformed)
	}
	if w.ManifestVersion < 0 {
		return Claims{}, fmt.Errorf("%w: claim manifestVersion is negative", ErrMalformed)
	}
	if len(w.Region) > maxID || len(w.OrgName) > MaxSubject || !printable(w.Region) {
		return Claims{}, fmt.Errorf("%w: claim region or orgName is too long, or region has control characters", ErrMalformed)
	}
	if Action(w.Action) == Provision && (w.OAuthURL == "" || w.AppURL == "" || w.RefreshToken == "") {
		return Claims{}, fmt.Errorf("%w: an activation code needs oauthUrl, appUrl and refreshToken", ErrMalformed)
	}
	return w.convert(), nil
}

func (w *wireClaims) convert() Claims {
	return Claims{
		Subject: w.Subject, AppID: strings.ToLower(w.AppID), Action: Action(w.Action), ID: w.ID,
		IssuedAt: w.IssuedAt.Time, ExpiryTime: w.ExpiryTime.Time, Region: w.Region,
		OrgName: w.OrgName, OAuthURL: w.OAuthURL, AppURL: w.AppURL, ManifestURL: w.ManifestURL,
		APIBaseURL: w.APIBaseURL, RefreshToken: secret.New(w.RefreshToken),
		Scopes: w.Scopes, XAPIAccess: string(w.XAPIAccess), ManifestVersion: int(w.ManifestVersion),
		Endpoints: w.endpoints, Task: Task(w.Task), UserID: string(w.UserID),
	}
}

// Limits on the age of tokens.
const (
	// clockSkew is how far into the future an `iat` may be [ours].
	clockSkew = 60 * time.Second
	// maxAge bounds a token without expiryTime [node].
	maxAge = 5 * time.Minute
	// maxActionAge bounds a management action without expiryTime. Actions are
	// ordered by `iat` and applied once, so a late one is harmless; one that an
	// outage of ours delayed must not be lost [ours].
	maxActionAge = 24 * time.Hour
	// maxProvisionAge bounds an activation code whatever its expiryTime, and so
	// how long its `jti` must be remembered [ours].
	maxProvisionAge = 7 * 24 * time.Hour
)

// Management reports whether Webex posts this action to the installation's
// actionsUrl.
func (a Action) Management() bool { return slices.Contains(ManagementActions, a) }

// maxAge is how old a token without expiryTime may be.
func (a Action) maxAge() time.Duration {
	if a.Management() {
		return maxActionAge
	}
	return maxAge
}

// checkTimes compares the token's times with now. Errors wrap [ErrNotYetValid]
// and [ErrExpired].
func (w *wireClaims) checkTimes(now time.Time) error {
	issued := w.IssuedAt.Time
	switch {
	case issued.After(now.Add(clockSkew)):
		return fmt.Errorf("%w: iat is in the future", ErrNotYetValid)
	case w.NotBefore != nil && w.NotBefore.After(now.Add(clockSkew)):
		return fmt.Errorf("%w: nbf is in the future", ErrNotYetValid)
	case !w.ExpiryTime.IsZero() && now.After(w.ExpiryTime.Time):
		return fmt.Errorf("%w: expiryTime has passed", ErrExpired)
	case w.ExpiresAt != nil && now.After(w.ExpiresAt.Time):
		return fmt.Errorf("%w: exp has passed", ErrExpired)
	case w.ExpiryTime.IsZero() && issued.Before(now.Add(-Action(w.Action).maxAge())):
		return fmt.Errorf("%w: iat is over %s old", ErrExpired, Action(w.Action).maxAge())
	case Action(w.Action) == Provision && issued.Before(now.Add(-maxProvisionAge)):
		return fmt.Errorf("%w: the activation code is over 7 days old", ErrExpired)
	default:
		return nil
	}
}

// LongestAcceptance is how long after its `iat` an activation code can still be
// accepted. No code can undo a change that is older.
const LongestAcceptance = maxProvisionAge + clockSkew

// AcceptableUntil returns when the token can no longer be accepted, clock skew
// included. Its `jti` must be remembered until then.
func (c Claims) AcceptableUntil() time.Time {
	until := c.IssuedAt.Add(c.Action.maxAge())
	if c.ExpiryTime.After(until) {
		until = c.ExpiryTime
	}
	if limit := c.IssuedAt.Add(maxProvisionAge); c.Action == Provision && until.After(limit) {
		until = limit
	}
	return until.Add(clockSkew)
}

// checkURLs returns an error wrapping [ErrUntrustedURL] that names a URL claim
// whose host is not trusted.
func (c Claims) checkURLs(hosts Hosts) error {
	urls := map[string]string{"appUrl": c.AppURL, "manifestUrl": c.ManifestURL, "webexapisBaseUrl": c.APIBaseURL}
	for _, spec := range featureSpecs {
		urls[spec.claim] = c.Endpoints[spec.name]
	}
	for name, value := range urls {
		if value == "" {
			continue
		}
		if err := hosts.CheckURL(value); err != nil {
			return fmt.Errorf("claim %s: %w", name, err)
		}
	}
	if c.OAuthURL == "" {
		return nil
	}
	if err := hosts.CheckOAuthURL(c.OAuthURL); err != nil {
		return fmt.Errorf("claim oauthUrl: %w", err)
	}
	return nil
}
