package dynamo_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/shared/installation"
	"signpost/shared/integration"
	"signpost/shared/secret"
)

func TestIntegrations(t *testing.T) {
	s := newStore(t)
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	save := func(i integration.Integration) integration.Integration {
		t.Helper()
		saved, err := s.SaveIntegration(t.Context(), i, now)
		if err != nil {
			t.Fatal(err)
		}
		return saved
	}
	list := func(appID string, at time.Time, want ...integration.Integration) {
		t.Helper()
		got, err := s.Integrations(t.Context(), appID, at)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("integrations %q: %v (-want +got)\n%s", appID, err, diff)
		}
	}
	list("", now)

	forAny := save(integration.Integration{
		AppID: "app", ClientID: "C1", ClientSecret: secret.Sealed("sealed"), Label: "Pilot", Reference: "4711", CreatedAt: now,
	})
	bound := save(integration.Integration{AppID: "app", OrgKey: "org#1", ClientID: "C2", ClientSecret: secret.Sealed("x"), CreatedAt: now})
	unproven := save(integration.Integration{
		AppID: "app2", ClientID: "C3", ClientSecret: secret.Sealed("y"), Invitation: "i", CreatedAt: now, UnprovenUntil: now.Add(time.Hour),
	})
	list("app", now, forAny, bound)
	list("app2", now, unproven)
	list("", now, forAny, bound, unproven)
	list("ap", now)
	list("app2", now.Add(time.Hour))

	for name, stale := range map[string]integration.Integration{"again": {AppID: "app", ClientID: "C9"}, "older": {AppID: "app", ClientID: "C9", Version: 7}} {
		if _, err := s.SaveIntegration(t.Context(), stale, now); !errors.Is(err, installation.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	forAny.ClientID = "C4"
	forAny = save(forAny)
	list("app", now, forAny, bound)
	now = now.Add(time.Hour) // what has expired may be replaced, deleted or not
	replaced := save(integration.Integration{AppID: "app2", ClientID: "C5", ClientSecret: secret.Sealed("z"), CreatedAt: now})
	list("app2", now, replaced)

	older := bound
	older.Version = 9
	if err := s.DeleteIntegration(t.Context(), older); !errors.Is(err, installation.ErrConflict) {
		t.Errorf("delete an older one: %v", err)
	}
	for range 2 {
		if err := s.DeleteIntegration(t.Context(), bound); err != nil {
			t.Error(err)
		}
	}
	list("app", now, forAny)
}
