package invitation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"signpost/shared/installation"
	"signpost/shared/integration"
	"signpost/shared/secret"
)

// Store keeps invitations, and the registrations that customers make with them. A write
// is conditional on the Version being the one that was read, and raises it by one;
// otherwise it returns [installation.ErrConflict].
type Store interface {
	integration.Store
	// Invitation reads an invitation, strongly consistent; Version is 0 if there is
	// none, or its ForgetAt has passed at now.
	Invitation(ctx context.Context, id string, now time.Time) (Invitation, error)
	// Invitations lists all invitations, in no order.
	Invitations(ctx context.Context, now time.Time) ([]Invitation, error)
	SaveInvitation(ctx context.Context, i Invitation) (Invitation, error)
}

// Sealer encrypts client secrets for the place that they belong to.
type Sealer interface {
	Seal(s secret.String, place string) (secret.Sealed, error)
}

// Service makes and serves invitations. It is safe for concurrent use.
type Service struct {
	store     Store
	defaultID string
	sealer    func(context.Context) (Sealer, error)
	now       func() time.Time
}

// New returns a service. defaultID is the default integration's app id. Sealer, which
// returns the sealer with the current keyset, is required by KeepClient only.
func New(store Store, defaultID string, sealer func(context.Context) (Sealer, error), now func() time.Time) (*Service, error) {
	if store == nil || defaultID == "" || now == nil {
		return nil, errors.New("invitations: store, default app id and clock are required")
	}
	return &Service{store: store, defaultID: defaultID, sealer: sealer, now: now}, nil
}

// Create stores an invitation, and returns it with its code, which is not readable
// later. It returns an [*InvalidError].
func (s *Service) Create(ctx context.Context, order Order) (created Invitation, code string, err error) {
	next, err := order.invitation(s.now())
	if err != nil {
		return Invitation{}, "", err
	}
	// Commands take the id as an argument: it must not look like a flag.
	for code = secret.NewCode(); strings.HasPrefix(secret.CodeID(code), "-"); {
		code = secret.NewCode()
	}
	next.ID, next.AppID = secret.CodeID(code), s.defaultID
	if next.Private {
		next.AppID = integration.NewAppID()
	}
	created, err = s.store.SaveInvitation(ctx, next)
	return created, code, err
}

// Find returns the invitation with this code, whatever its state, or [ErrUnknown].
func (s *Service) Find(ctx context.Context, code string) (Invitation, error) {
	return s.read(ctx, secret.CodeID(code))
}

func (s *Service) read(ctx context.Context, id string) (Invitation, error) {
	if len(id) != len(secret.CodeID("")) {
		return Invitation{}, fmt.Errorf("invitation with an id of %d bytes: %w", len(id), ErrUnknown)
	}
	found, err := s.store.Invitation(ctx, id, s.now())
	if err == nil && found.Version == 0 {
		err = ErrUnknown
	}
	if err != nil {
		return Invitation{}, fmt.Errorf("invitation %s: %w", id, err)
	}
	return found, nil
}

// Open returns the invitation with this code if it can be used now, or [ErrUnknown].
func (s *Service) Open(ctx context.Context, code string) (Invitation, error) {
	found, err := s.Find(ctx, code)
	if err == nil && found.State(s.now()) != Open {
		err = fmt.Errorf("invitation %s is %s: %w", found.ID, found.State(s.now()), ErrUnknown)
	}
	return found, err
}

// Client returns the OAuth client that the customer has given for a private invitation,
// and whether it has.
func (s *Service) Client(ctx context.Context, of Invitation) (integration.Integration, bool, error) {
	if !of.Private {
		return integration.Integration{}, false, nil
	}
	registered, err := s.store.Integrations(ctx, of.AppID, s.now())
	if err != nil || len(registered) == 0 {
		return integration.Integration{}, false, err
	}
	return registered[0], true, nil
}

// keepAttempts bounds the attempts at a write that conflicts with others.
const keepAttempts = 5

// KeepClient registers the OAuth client of a private invitation's integration, unproven:
// it is dropped when the invitation expires, unless Webex has accepted it by then. A
// client that is not proven is replaced. It returns an [*InvalidError], or [ErrUnknown]
// if the invitation is not private, or its client is proven.
func (s *Service) KeepClient(ctx context.Context, of Invitation, clientID, clientSecret string) error {
	clientID, clientSecret = strings.TrimSpace(clientID), strings.TrimSpace(clientSecret)
	if !of.Private {
		return fmt.Errorf("client of invitation %s, which is not private: %w", of.ID, ErrUnknown)
	}
	if err := checkClient(clientID, clientSecret); err != nil {
		return err
	}
	err := error(installation.ErrConflict)
	for n := 0; n < keepAttempts && errors.Is(err, installation.ErrConflict); n++ {
		err = s.keepClient(ctx, of, clientID, secret.New(clientSecret))
	}
	return err
}

func (s *Service) keepClient(ctx context.Context, of Invitation, clientID string, clientSecret secret.String) error {
	next, there, err := s.Client(ctx, of)
	switch {
	case err != nil:
		return err
	case there && next.UnprovenUntil.IsZero():
		return fmt.Errorf("client of invitation %s is proven: %w", of.ID, ErrUnknown)
	case !there:
		next = integration.Integration{
			AppID: of.AppID, Label: of.Label, Reference: of.Reference, Invitation: of.ID, CreatedAt: s.now(),
		}
	}
	sealer, err := s.sealer(ctx)
	if err != nil {
		return err
	}
	next.ClientID, next.UnprovenUntil = clientID, of.ExpiresAt
	if next.ClientSecret, err = sealer.Seal(clientSecret, next.SecretPlace()); err != nil {
		return err
	}
	_, err = s.store.SaveIntegration(ctx, next, s.now())
	return err
}

// Of returns what an activation takes over from the invitation with which its private
// integration was registered; the invitation only as long as it was not used. It returns
// [ErrUnknown] if the invitation was revoked: nobody has activated with it, and nobody may.
func (s *Service) Of(ctx context.Context, registered integration.Integration) (installation.Invited, error) {
	invited := installation.Invited{Reference: registered.Reference}
	if registered.Invitation == "" {
		return invited, nil
	}
	found, err := s.store.Invitation(ctx, registered.Invitation, s.now())
	if err != nil || found.Version == 0 {
		return invited, err
	}
	switch found.State(s.now()) {
	case Revoked:
		return installation.Invited{}, fmt.Errorf("invitation %s is revoked: %w", found.ID, ErrUnknown)
	case Open, Expired:
		invited.Invitation = found.ID
	}
	return invited, nil
}

// List returns all invitations, the newest first.
func (s *Service) List(ctx context.Context) ([]Invitation, error) {
	all, err := s.store.Invitations(ctx, s.now())
	slices.SortFunc(all, func(a, b Invitation) int {
		return cmp.Or(cmp.Compare(b.CreatedAt.UnixMilli(), a.CreatedAt.UnixMilli()), cmp.Compare(a.ID, b.ID))
	})
	return all, err
}

// Revoke revokes an open invitation; one that is not open stays as it is. It returns
// [ErrUnknown] if there is none with this id.
func (s *Service) Revoke(ctx context.Context, id string) (Invitation, error) {
	for range keepAttempts {
		found, err := s.read(ctx, id)
		if err != nil || found.State(s.now()) != Open {
			return found, err
		}
		found.RevokedAt = s.now()
		saved, err := s.store.SaveInvitation(ctx, found)
		if !errors.Is(err, installation.ErrConflict) {
			return saved, err
		}
	}
	return Invitation{}, fmt.Errorf("revoke invitation %s: %w", id, installation.ErrConflict)
}
