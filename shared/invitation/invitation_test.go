package invitation_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
	"signpost/shared/integration"
	"signpost/shared/invitation"
	"signpost/shared/secret"
	"signpost/shared/secret/sealing"
)

const defaultID = "default"

// world is a service over a table of its own.
type world struct {
	*invitation.Service
	t      *testing.T
	store  *dynamo.Store
	keyset *sealing.Keyset
	now    time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)}
	client, table := dynamotest.New(t)
	w.store = dynamo.New(client, table)
	document, err := sealing.NewDocument()
	if err == nil {
		w.keyset, err = sealing.Parse(document)
	}
	if err == nil {
		sealer := func(context.Context) (invitation.Sealer, error) { return w.keyset, nil }
		w.Service, err = invitation.New(w.store, defaultID, sealer, func() time.Time { return w.now })
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) create(order invitation.Order) (invitation.Invitation, string) {
	w.t.Helper()
	created, code, err := w.Create(w.t.Context(), order)
	if err != nil {
		w.t.Fatal(err)
	}
	return created, code
}

func (w *world) wantOpen(code string, want bool) {
	w.t.Helper()
	_, err := w.Open(w.t.Context(), code)
	if want && err != nil || !want && !errors.Is(err, invitation.ErrUnknown) {
		w.t.Errorf("open: %v, want %v", err, want)
	}
}

func (w *world) client(of invitation.Invitation) (id, clientSecret string) {
	w.t.Helper()
	kept, there, err := w.Client(w.t.Context(), of)
	if err != nil || !there {
		w.t.Fatalf("no client: %v", err)
	}
	opened, err := w.keyset.Open(kept.ClientSecret, kept.SecretPlace())
	if err != nil {
		w.t.Fatal(err)
	}
	return kept.ClientID, opened.Reveal()
}

func TestOrders(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("x", integration.MaxLabel+1)
	for name, test := range map[string]struct {
		order    invitation.Order
		life     time.Duration
		problems int
	}{
		"least":       {invitation.Order{}, invitation.DefaultLife, 0},
		"all":         {invitation.Order{Reference: "4711", Label: "Acme", Private: true, ExpiresIn: 60}, time.Minute, 0},
		"longest":     {invitation.Order{ExpiresIn: int64(invitation.MaxLife / time.Second)}, invitation.MaxLife, 0},
		"too long":    {invitation.Order{ExpiresIn: int64(invitation.MaxLife/time.Second) + 1}, 0, 1},
		"far too":     {invitation.Order{ExpiresIn: 1 << 62}, 0, 1},
		"past":        {invitation.Order{ExpiresIn: -1}, 0, 1},
		"all invalid": {invitation.Order{Reference: long, Label: "a\nb", ExpiresIn: -1}, 0, 3},
	} {
		t.Run(name, func(t *testing.T) {
			created, code, err := w.Create(t.Context(), test.order)
			if test.problems > 0 {
				invalid, ok := errors.AsType[*invitation.InvalidError](err)
				if !ok || len(invalid.Problems) != test.problems || !errors.Is(err, invitation.ErrInvalid) {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil || created.ID != secret.CodeID(code) || !created.ExpiresAt.Equal(w.now.Add(test.life)) ||
				created.Private != (created.AppID != defaultID) || created.Reference != test.order.Reference || created.Label != test.order.Label {
				t.Errorf("%+v, %v", created, err)
			}
		})
	}
}

func TestStates(t *testing.T) {
	w := newWorld(t)
	_, code := w.create(invitation.Order{})
	revoked, revokedCode := w.create(invitation.Order{})
	w.wantOpen(code, true)
	w.wantOpen(revokedCode, true)
	w.wantOpen("another", false)
	for range 2 {
		if got, err := w.Revoke(t.Context(), revoked.ID); err != nil || got.State(w.now) != invitation.Revoked {
			t.Errorf("revoked %+v, %v", got, err)
		}
	}
	if _, err := w.Revoke(t.Context(), "another"); !errors.Is(err, invitation.ErrUnknown) {
		t.Errorf("revoke an unknown one: %v", err)
	}
	w.wantOpen(revokedCode, false)
	w.now = w.now.Add(invitation.DefaultLife)
	w.wantOpen(code, false)
	if found, err := w.Find(t.Context(), code); err != nil || found.State(w.now) != invitation.Expired {
		t.Errorf("%+v, %v", found, err)
	}
	if all, err := w.List(t.Context()); err != nil || len(all) != 2 {
		t.Errorf("list %+v, %v", all, err)
	}
}

func TestClient(t *testing.T) {
	w := newWorld(t)
	private, _ := w.create(invitation.Order{Private: true, Reference: "4711", Label: "Acme"})
	other, _ := w.create(invitation.Order{})
	keep := func(of invitation.Invitation, id, clientSecret string) error {
		return w.KeepClient(t.Context(), of, id, clientSecret)
	}

	if _, there, err := w.Client(t.Context(), private); there || err != nil {
		t.Errorf("there before: %v", err)
	}
	for name, client := range map[string][2]string{
		"nothing": {"", ""}, "no secret": {"C1", ""}, "spaces": {"C 1", "s"}, "two words": {"C1", "a b"}, "the same": {"C1", "C1"}, "long": {"C1", strings.Repeat("x", 513)},
	} {
		if err := keep(private, client[0], client[1]); !errors.Is(err, invitation.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := keep(other, "C1", "s1"); !errors.Is(err, invitation.ErrUnknown) {
		t.Errorf("not private: %v", err)
	}
	for _, client := range [][2]string{{" C1\n", "\ts1 "}, {"C2", "s2"}} { // the second replaces the first
		if err := keep(private, client[0], client[1]); err != nil {
			t.Fatal(err)
		}
		if id, clientSecret := w.client(private); id != strings.TrimSpace(client[0]) || clientSecret != strings.TrimSpace(client[1]) {
			t.Errorf("kept %s %s", id, clientSecret)
		}
	}
	kept, _, _ := w.Client(t.Context(), private)
	if kept.Reference != "4711" || kept.Label != "Acme" || !kept.UnprovenUntil.Equal(private.ExpiresAt) || kept.Invitation != private.ID {
		t.Errorf("kept %+v", kept)
	}
	if invited, err := w.Of(t.Context(), kept); err != nil || invited != (installation.Invited{Invitation: private.ID, Reference: "4711"}) {
		t.Errorf("invited %+v, %v", invited, err)
	}

	registry, err := integration.NewRegistry(defaultID, w.store, func() time.Time { return w.now })
	if err == nil {
		err = registry.Prove(t.Context(), private.AppID, "acme", func(integration.Integration) (bool, error) { return true, nil })
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := keep(private, "C3", "s3"); !errors.Is(err, invitation.ErrUnknown) {
		t.Errorf("replaced a proven client: %v", err)
	}
	if _, err := w.Revoke(t.Context(), private.ID); err != nil {
		t.Fatal(err)
	}
	if invited, err := w.Of(t.Context(), kept); !errors.Is(err, invitation.ErrUnknown) || invited != (installation.Invited{}) {
		t.Errorf("invited by a revoked one: %+v, %v", invited, err)
	}
}
