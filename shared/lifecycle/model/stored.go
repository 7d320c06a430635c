package model

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"signpost/shared/installation"
	"signpost/shared/launch"
	"signpost/shared/webex"
)

// storedInstallation is i as its write leaves it.
func storedInstallation(i installation.Installation) installation.Installation {
	i = cloneInstallation(i)
	i.Version++
	i.Notice, i.Event = "", "" // for the stream only
	for _, t := range []*time.Time{
		&i.ActivatedAt, &i.LastActionAt, &i.RemovedAt, &i.ActivationUntil,
		&i.Tokens.RefreshExpiresAt, &i.Tokens.RenewedAt, &i.Tokens.AccessExpiresAt, &i.Tokens.Renewal.Until, &i.Tokens.InvalidSince,
		&i.Tokens.RefusedSince, &i.Tokens.RejectedSince, &i.Tokens.TriedAt,
		&i.App.At, &i.App.Since, &i.ForeignRegion.At,
		&i.Work.Until, &i.Schedule.DueAt, &i.Schedule.VerifiedAt, &i.Schedule.FailingSince, &i.Schedule.Failure.RetryAt,
	} {
		*t = wholeMillis(*t)
	}
	for name, f := range i.Features {
		f.HoldUntil, f.PushedAt = wholeMillis(f.HoldUntil), wholeMillis(f.PushedAt)
		i.Features[name] = f
	}
	if i.State == installation.Removed {
		i.ForgetAt = wholeSeconds(i.ForgetAt)
	} else {
		i.ForgetAt = time.Time{}
	}
	if i.State != installation.Removed && i.Features == nil {
		i.Features = map[webex.Feature]installation.Feature{}
	}
	return i
}

// storedCandidate is c as its write leaves it.
func storedCandidate(c installation.Candidate) installation.Candidate {
	c = cloneCandidate(c)
	c.Version++
	for _, t := range []*time.Time{
		&c.IssuedAt, &c.AcceptableUntil, &c.Work.Until, &c.Schedule.DueAt, &c.Schedule.VerifiedAt, &c.Schedule.FailingSince, &c.Schedule.Failure.RetryAt,
	} {
		*t = wholeMillis(*t)
	}
	c.ForgetAt = wholeSeconds(c.ForgetAt)
	return c
}

func wholeMillis(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}

func wholeSeconds(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.Unix(t.Add(time.Second-1).Unix(), 0).UTC()
}

func cloneInstallation(i installation.Installation) installation.Installation {
	i.Scopes, i.Features = nonEmpty(i.Scopes), maps.Clone(i.Features)
	i.Tokens.Refresh, i.Tokens.Access = nonEmpty(i.Tokens.Refresh), nonEmpty(i.Tokens.Access)
	return i
}

func cloneCandidate(c installation.Candidate) installation.Candidate {
	c.Scopes, c.Refresh, c.Endpoints = nonEmpty(c.Scopes), nonEmpty(c.Refresh), maps.Clone(c.Endpoints)
	if len(c.Endpoints) == 0 {
		c.Endpoints = nil
	}
	return c
}

// nonEmpty is a copy of s, nil if there is nothing in it.
func nonEmpty[S ~[]E, E any](s S) S {
	if len(s) == 0 {
		return nil
	}
	return slices.Clone(s)
}

// Refusals implements the store's contract.
func (m *Memory) Refusals(_ context.Context, clientID string) (installation.Refusals, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.refusals[clientID]
	r.ClientID, r.Organizations = clientID, nonEmpty(r.Organizations)
	return r, nil
}

// SaveRefusals implements the store's contract.
func (m *Memory) SaveRefusals(_ context.Context, r installation.Refusals) (installation.Refusals, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refusals[r.ClientID].Version != r.Version {
		return installation.Refusals{}, fmt.Errorf("save the refusals of client %s: %w", r.ClientID, installation.ErrConflict)
	}
	r.Version++
	r.Notice = "" // for the stream only
	r.Organizations, r.ClearedAt = nonEmpty(r.Organizations), wholeMillis(r.ClearedAt)
	m.refusals[r.ClientID] = r
	return r, nil
}

// Create implements the contract of a launch's creator. Of the devices it
// limits nothing.
func (m *Memory) Create(_ context.Context, l launch.Launch, region string, used installation.Used) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	row := m.org(l.Key).row
	until, marked := m.org(used.Key).used[used.ID]
	var err error
	switch {
	case !row.Exists():
		err = installation.ErrNotFound
	case row.Region != region:
		err = installation.ErrWrongRegion
	case marked && !gone(until, l.IssuedAt):
		err = installation.ErrReplayed
	}
	if err != nil {
		return fmt.Errorf("create launch for %s: %w", l.Key.Text(), err)
	}
	m.org(used.Key).used[used.ID] = wholeSeconds(used.Until)
	l.IssuedAt = wholeMillis(l.IssuedAt)
	l.Devices = slices.Clone(l.Devices)
	m.launches[l.ID] = l
	return nil
}

// Take implements the contract of a launch's taker.
func (m *Memory) Take(_ context.Context, id string, now time.Time) (launch.Launch, launch.Customer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, there := m.launches[id]
	row := m.org(l.Key).row
	if !there || !now.Before(l.ExpiresAt()) || !row.Exists() {
		return launch.Launch{}, launch.Customer{}, fmt.Errorf("take launch: %w", launch.ErrUnknown)
	}
	delete(m.launches, id)
	return l, launch.CustomerOf(row), nil
}
