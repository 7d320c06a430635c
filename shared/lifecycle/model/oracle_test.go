package model_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"sync"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

// oracle is what must hold, kept beside the store and Webex. It sees every
// write and every answer of Webex as they happen and judges each by the tokens
// that were minted; it asks the product nothing.
type oracle struct {
	mu     sync.Mutex
	sealer lifecycle.Sealer
	orgs   map[string]*orgModel
	tokens map[string]*minted // by digest of the jti

	// What Webex said of refresh tokens: which one follows one, which were
	// answered with an access token, which were refused. And which access
	// tokens it issued, and where it showed an installation.
	next     map[string]string
	good     map[string]bool
	dead     map[string]bool
	access   map[string]bool
	appsSeen map[string]bool
	// none are configurations, by organization and feature, of which Webex said
	// since the last PUT that it stores none.
	none map[string]bool

	names map[string]string // of organizations
	// channels are what organizations may be shown.
	channels *channels
	passes   map[int]installation.Pass
	askedAt  map[string]time.Time // when Webex said last what it stores, by address

	violations []string
}

// minted is a token of Webex, or one forged in its name.
type minted struct {
	webex.Token
	genuine bool // false: a stranger's activation, or a forged move
	applied int
	put     bool // was stored as a candidate
}

// orgModel is what an organization's row must say.
type orgModel struct {
	row  installation.Installation // as it was written last
	past []written
	// verifiedAt is when it was written that the row was verified.
	verifiedAt time.Time

	exists     bool
	generation string
	region     string
	appURL     string
	manifest   int
	endpoints  map[webex.Feature]string
	// iats of what was applied, and of what last named the address and the
	// features' endpoints.
	activatedAt, lastAt, removedAt time.Time
	addressAt, endpointsAt         time.Time
}

func newOracle(sealer lifecycle.Sealer) *oracle {
	return &oracle{
		sealer: sealer, orgs: map[string]*orgModel{}, tokens: map[string]*minted{},
		next: map[string]string{}, good: map[string]bool{}, dead: map[string]bool{},
		access: map[string]bool{}, appsSeen: map[string]bool{}, none: map[string]bool{},
		names: map[string]string{}, passes: map[int]installation.Pass{}, askedAt: map[string]time.Time{},
	}
}

// minted records a token before anybody can deliver it.
func (m *oracle) mint(token webex.Token, genuine bool) *minted {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := &minted{Token: token, genuine: genuine}
	m.tokens[installation.Digest(token.ID)] = t
	return t
}

// wrong records a violation; m.mu is held.
func (m *oracle) wrong(format string, args ...any) {
	m.violations = append(m.violations, fmt.Sprintf("%s: ", time.Now().Format("02 15:04:05.000"))+fmt.Sprintf(format, args...))
}

func (m *oracle) org(key string) *orgModel {
	if m.orgs[key] == nil {
		m.orgs[key] = &orgModel{endpoints: map[webex.Feature]string{}}
	}
	return m.orgs[key]
}

// committed judges a write that an action or an activation caused.
func (m *oracle) committed(given, stored installation.Installation, used installation.Used) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, token := m.org(stored.OrgKey), m.tokens[used.ID]
	if token == nil {
		m.wrong("a token that nobody minted was applied")
		return
	}
	if token.applied++; token.applied > 1 {
		m.wrong("%s was applied %d times", token.Action, token.applied)
	}
	if !token.genuine {
		m.wrong("a forged or stranger's %s was applied", token.Action)
	}
	before := o.row
	m.apply(o, token)
	m.follows(before, given, stored)
	m.holds(o, before, stored, token)
}

// apply says what the token makes of the organization, and whether it may.
func (m *oracle) apply(o *orgModel, token *minted) {
	iat := token.IssuedAt
	if token.Action == webex.Provision {
		m.applyActivation(o, token)
		return
	}
	switch {
	case token.Action == webex.Deprovision && o.exists && !iat.After(o.activatedAt):
		m.wrong("a removal of %s ended the activation of %s", clock(iat), clock(o.activatedAt))
	case token.Action == webex.Deprovision: // also where there is no row yet
	case !o.exists:
		m.wrong("%s changed an installation that is none", token.Action)
	case iat.Before(o.lastAt):
		m.wrong("%s of %s was applied after something of %s", token.Action, clock(iat), clock(o.lastAt))
	case token.ManifestVersion != 0 && token.ManifestVersion < o.manifest:
		m.wrong("manifest version %d was applied after %d", token.ManifestVersion, o.manifest)
	}
	if o.exists && token.KeyRegion != o.region && !m.moveIsProven(token) {
		m.wrong("%s by the key of %s was applied in %s without proof", token.Action, token.KeyRegion, o.region)
	}
	if token.Action == webex.Deprovision {
		// What came later than the removal was meant for a re-installation that is
		// not known here yet, and does not stand in its way.
		*o = orgModel{
			row: o.row, past: o.past, verifiedAt: o.verifiedAt, generation: o.generation, region: token.KeyRegion, activatedAt: o.activatedAt,
			lastAt: iat, removedAt: later(iat, o.removedAt), endpoints: map[webex.Feature]string{},
		}
		return
	}
	o.lastAt, o.manifest = iat, max(o.manifest, token.ManifestVersion)
	if token.Region != "" {
		o.region = token.Region
	}
	if token.AppURL != "" {
		o.appURL = token.AppURL
	}
	if token.Region != "" || token.AppURL != "" {
		o.addressAt = iat
	}
	if len(token.Endpoints) > 0 {
		o.endpointsAt = iat
	}
	maps.Copy(o.endpoints, token.Endpoints)
}

// moveIsProven reports whether Webex bore a move out that the new region
// signed.
func (m *oracle) moveIsProven(token *minted) bool {
	return token.Action == webex.Update && token.KeyRegion == token.Region && m.appsSeen[token.AppURL] &&
		(token.RefreshToken.IsZero() || m.good[token.RefreshToken.Reveal()])
}

func (m *oracle) applyActivation(o *orgModel, token *minted) {
	iat := token.IssuedAt
	switch {
	case !m.good[token.RefreshToken.Reveal()]:
		m.wrong("an activation that was not proven became the installation")
	case iat.Before(o.activatedAt), iat.Before(o.removedAt):
		m.wrong("an activation of %s replaced what was activated at %s, removed at %s",
			clock(iat), clock(o.activatedAt), clock(o.removedAt))
	}
	before := *o
	*o = orgModel{
		row: o.row, past: o.past, verifiedAt: o.verifiedAt, exists: true, generation: installation.Digest(token.ID), region: token.Region,
		appURL: token.AppURL, manifest: token.ManifestVersion, endpoints: maps.Clone(token.Endpoints),
		activatedAt: iat, lastAt: iat, removedAt: o.removedAt, addressAt: iat, endpointsAt: iat,
	}
	if !before.exists {
		return
	}
	// What Webex said after it issued the code is newer than the code.
	if before.lastAt.After(iat) {
		o.lastAt, o.manifest = before.lastAt, max(o.manifest, before.manifest)
	}
	if before.addressAt.After(iat) {
		o.addressAt, o.region, o.appURL = before.addressAt, before.region, before.appURL
	}
	if before.endpointsAt.After(iat) {
		o.endpointsAt, o.endpoints = before.endpointsAt, before.endpoints
	}
}

// saved judges a write that no token caused. late says that its worker began to
// verify what an earlier activation left.
func (m *oracle) saved(given, stored installation.Installation, late bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.org(stored.OrgKey)
	before := o.row
	m.follows(before, given, stored)
	if late && !givesBack(before, stored) {
		m.wrong("a verification of an earlier activation wrote to a later one's row")
	}
	switch {
	case before.State == installation.Active && stored.State == installation.TokenInvalid:
		if !m.dead[m.open(before)] {
			m.wrong("a refresh token that Webex did not refuse was given up")
		}
	case before.State == installation.TokenInvalid && stored.State == installation.Active:
		if m.dead[m.open(before)] && m.refusedInARow() < suspectFrom {
			m.wrong("an installation whose refresh token Webex refused last is active again")
		}
	case before.State == installation.TokenInvalid && stored.State == installation.Removed:
		if time.Since(before.Tokens.InvalidSince) < installation.TokenInvalidLife {
			m.wrong("a dead installation was removed too early")
		}
		o.exists = false
	case before.State != stored.State:
		m.wrong("a write without a token turned %s into %s", before.State, stored.State)
	}
	m.holds(o, before, stored, nil)
}

// suspectFrom is how many customers' refresh tokens must be refused to point to a fault
// of ours.
const suspectFrom = 3

// refusedInARow is of how many customers Webex refused the refresh token last.
func (m *oracle) refusedInARow() (count int) {
	for _, o := range m.orgs {
		if o.row.Exists() && m.dead[m.open(o.row)] {
			count++
		}
	}
	return count
}

// givesBack reports whether a write does no more than give back the work lease,
// which the worker of an earlier activation may do: the later one kept it.
func givesBack(before, stored installation.Installation) bool {
	before.Version, before.Schedule.DueAt = stored.Version, stored.Schedule.DueAt
	held := before.Work.Owner != ""
	before.Work = installation.Lease{}
	return held && reflect.DeepEqual(before, stored)
}

// claimed sees the one write that reads nothing before.
func (m *oracle) claimed(stored installation.Installation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.org(stored.OrgKey)
	before := o.row
	m.follows(before, before, stored)
	m.holds(o, before, stored, nil)
}

// follows checks that a write replaced the row that its worker had read.
func (m *oracle) follows(before, given, stored installation.Installation) {
	anew := stored.Version == 1 && (before.Version == 0 || before.Forgotten(time.Now()))
	if stored.Version != before.Version+1 && !anew {
		m.wrong("version %d was written over %d", stored.Version, before.Version)
	}
	if !anew && (given.Generation == "" || before.Generation == "") && before.Exists() {
		m.wrong("a row without a generation")
	}
	o := m.org(stored.OrgKey)
	o.row, o.past = stored, append(o.past, written{time.Now(), stored})
	m.concluded(before, stored)
	m.verified(stored.OrgKey)
}

// holds compares a row with what it must say.
func (m *oracle) holds(o *orgModel, before, row installation.Installation, by *minted) {
	if row.Exists() != o.exists {
		m.wrong("the installation is %s, exists must be %v", row.State, o.exists)
		return
	}
	if !row.Exists() {
		if row.OrgName != "" || row.URLs != (installation.URLs{}) || len(row.Tokens.Refresh)+len(row.Tokens.Access) > 0 {
			m.wrong("a tombstone holds names, addresses or tokens")
		}
		return
	}
	endpoints := map[webex.Feature]string{}
	for name, feature := range row.Features {
		if feature.Endpoint != "" {
			endpoints[name] = feature.Endpoint
		}
	}
	got := []any{string(row.Generation), row.Region, row.URLs.App, row.ManifestVersion, row.LastActionAt.Unix(), endpoints}
	want := []any{o.generation, o.region, o.appURL, o.manifest, o.lastAt.Unix(), o.endpoints}
	if !reflect.DeepEqual(got, want) {
		m.wrong("the row says %v, must say %v", got, want)
	}
	m.tokensHold(before, row, by)
}

// tokensHold checks that the stored tokens are sealed for their place, that
// the refresh token is one that Webex gave in place of the last, and that an
// access token is one that Webex issued.
func (m *oracle) tokensHold(before, row installation.Installation, by *minted) {
	refresh := m.open(row)
	var from []string
	if by != nil && !by.RefreshToken.IsZero() {
		from = append(from, by.RefreshToken.Reveal())
	}
	if before.Exists() && before.Generation == row.Generation {
		from = append(from, m.open(before))
	}
	if !m.descends(refresh, from) {
		m.wrong("the stored refresh token is none that Webex gave for this installation")
	}
	if len(row.Tokens.Access) > 0 && !m.access[m.unseal(row.Tokens.Access, installation.AccessPlace(row.Key))] {
		m.wrong("the stored access token is none that Webex issued")
	}
}

// descends reports whether token is one of these or was given in its place.
func (m *oracle) descends(token string, from []string) bool {
	for _, ancestor := range from {
		for ; ancestor != ""; ancestor = m.next[ancestor] {
			if ancestor == token {
				return true
			}
		}
	}
	return false
}

func (m *oracle) open(row installation.Installation) string {
	return m.unseal(row.Tokens.Refresh, installation.RefreshPlace(row.Key))
}

func (m *oracle) unseal(sealed secret.Sealed, place string) string {
	token, err := m.sealer.Open(sealed, place)
	if err != nil {
		m.wrong("%s does not open: %v", place, err)
	}
	return token.Reveal()
}

// exchanged sees an answer of the token endpoint.
func (m *oracle) exchanged(refresh, next, access, problem string, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case problem == "invalid_grant":
		m.dead[refresh] = true
	case ok && access != "":
		m.good[refresh] = true
		delete(m.dead, refresh) // as it is once the client is the right one again
		m.access[access] = true
		if next != refresh && next != "" {
			m.next[refresh], m.good[next] = next, true
		}
	}
}

// saidNone sees Webex answer that it stores no configuration. A region that the
// customer has left says so too, and nothing tells that from the truth: a PUT
// that reaches a customer who is back by then has had its reason.
func (m *oracle) saidNone(org string, feature webex.Feature) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.none[org+string(feature)] = true
}

// pushed judges a PUT that reached the customer's devices.
func (m *oracle) pushed(org string, feature webex.Feature, before map[string]any, body []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var after map[string]any
	said := m.none[org+string(feature)]
	delete(m.none, org+string(feature))
	_ = json.Unmarshal(body, &after)
	if address, shows := after["signageUrl"].(string); shows && m.channels != nil {
		m.mayShow(org, address)
	}
	if after != nil && reflect.DeepEqual(before, after) && !said {
		m.wrong("%s was pushed to every device without need", feature)
	}
}

// answered sees an address at which Webex showed an installation.
func (m *oracle) answered(url string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.appsSeen[url] = true
}

func (m *oracle) candidatePut(c installation.Candidate) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if token := m.tokens[c.ID]; token != nil {
		token.put = true
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("02 15:04:05")
}
