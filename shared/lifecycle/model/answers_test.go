package model_test

import (
	"errors"

	"signpost/shared/installation"
	"signpost/shared/launch"
	"signpost/shared/webex"
)

// launched judges a cross-launch that was stored.
func (m *oracle) launched(l launch.Launch, region string, used installation.Used) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, token := m.org(l.OrgKey), m.tokens[used.ID]
	if token == nil {
		m.wrong("a launch by a token that nobody minted")
		return
	}
	if token.applied++; token.applied > 1 {
		m.wrong("a launch's token was used %d times", token.applied)
	}
	if !o.exists || o.region != region {
		m.wrong("a launch by the key of %s, the installation is in %q (exists: %v)", region, o.region, o.exists)
	}
}

// replied judges what a delivery of the token was answered, at that moment.
func (m *oracle) replied(token *minted, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.org(webex.OrganizationKey(token.Subject))
	switch {
	case err == nil:
		m.accepted(o, token)
	case errors.Is(err, installation.ErrReplayed) && token.applied == 0:
		m.wrong("%s was refused as used before, which it was not", token.Action)
	case errors.Is(err, installation.ErrStale) && token.applied == 0 && !o.overtook(token):
		m.wrong("%s of %s was refused as stale: nothing newer was applied", token.Action, clock(token.IssuedAt))
	case errors.Is(err, webex.ErrInvalidGrant) && token.applied == 0 && !token.RefreshToken.IsZero() && !m.deadOrSucceeded(token.RefreshToken.Reveal()):
		m.wrong("%s was refused for its refresh token, which is good", token.Action)
	}
}

// accepted: who is told that all is well relies on it.
func (m *oracle) accepted(o *orgModel, token *minted) {
	switch {
	case token.applied > 0 || token.put && token.Action == webex.Update:
	case token.Action == webex.Provision:
		m.wrong("an activation was answered as done, and was not")
	case token.Action == webex.Deprovision && o.exists && token.IssuedAt.After(o.activatedAt):
		m.wrong("a removal was answered as done, and the installation is there")
	case token.Action == webex.Deprovision:
		// Done or not needed: nothing older may come after it.
		o.removedAt = later(o.removedAt, token.IssuedAt)
	case !o.overtook(token):
		m.wrong("%s of %s was answered as done, and was neither applied nor overtaken", token.Action, clock(token.IssuedAt))
	}
}

// overtook reports whether something newer than the token was applied, or what
// it is about is no more.
func (o *orgModel) overtook(token *minted) bool {
	iat := token.IssuedAt
	return iat.Before(o.lastAt) || iat.Before(o.activatedAt) || iat.Before(o.removedAt) || !o.exists ||
		token.ManifestVersion != 0 && token.ManifestVersion < o.manifest
}

// deadOrSucceeded: Webex refused the token, or one that it was replaced by.
func (m *oracle) deadOrSucceeded(refresh string) bool {
	for ; refresh != ""; refresh = m.next[refresh] {
		if m.dead[refresh] {
			return true
		}
	}
	return false
}
