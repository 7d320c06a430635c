package dynamo_test

import (
	"errors"
	"testing"

	"signpost/shared/dynamo"
	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/launch"
)

// Of any number of workers that do the same at once, exactly one succeeds.
func TestOneOfManyWins(t *testing.T) {
	type worker = func(n int) error
	claims := func(candidate string) func(*testing.T, *dynamo.Store) worker {
		return func(t *testing.T, s *dynamo.Store) worker {
			stage(t, s)
			return func(n int) error {
				_, err := s.Claim(t.Context(), installation.Ref{Key: installationtest.Key(org), Candidate: candidate}, installation.NewLease(numbered("w", n), now), now)
				return err
			}
		}
	}
	takes := func(devices ...launch.Device) func(*testing.T, *dynamo.Store) worker {
		return func(t *testing.T, s *dynamo.Store) worker {
			save(t, s, active(org))
			l := newLaunch(org, devices...)
			create(t, s, l)
			return func(int) error { _, _, err := s.Take(t.Context(), l.ID, now); return err }
		}
	}
	for name, test := range map[string]struct {
		workers int
		begin   func(*testing.T, *dynamo.Store) worker
		others  []error
	}{
		"claims of an installation": {32, claims(""), []error{installation.ErrConflict}},
		"claims of a candidate":     {32, claims("a"), []error{installation.ErrConflict}},
		"commits": {32, func(t *testing.T, s *dynamo.Store) worker {
			i, done := stage(t, s)
			return func(int) error { _, err := s.Commit(t.Context(), i, mark(org, "new"), done, now); return err }
		}, []error{installation.ErrReplayed, installation.ErrConflict}},
		"takes":               {100, takes(randomDevices(3, 80, 25)...), []error{launch.ErrUnknown}},
		"takes of two chunks": {8, takes(twoChunks()...), []error{launch.ErrUnknown}},
		"launches with one token": {32, func(t *testing.T, s *dynamo.Store) worker {
			save(t, s, active(org))
			return func(int) error { return s.Create(t.Context(), newLaunch(org), region, mark(org, "m")) }
		}, []error{installation.ErrReplayed, installation.ErrConflict}},
		"runs that begin a pass": {16, func(t *testing.T, s *dynamo.Store) worker {
			return func(n int) error {
				_, err := s.SavePass(t.Context(), installation.Pass{Shard: 3, Lease: installation.NewLease(numbered("r", n), now)})
				return err
			}
		}, []error{installation.ErrConflict}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := race(t, test.workers, test.begin(t, newStore(t)), test.others...); got[nil] != 1 {
				t.Errorf("results %v", got)
			}
		})
	}
}

func TestNoUpdateIsLost(t *testing.T) {
	t.Parallel()
	const workers = 100
	s := newStore(t)
	save(t, s, active(org))
	race(t, workers, func(int) error {
		for {
			i, _, err := s.Find(t.Context(), installationtest.Key(org), now)
			if err != nil {
				return err
			}
			i.Revision++
			if _, err := s.Save(t.Context(), i); !errors.Is(err, installation.ErrConflict) {
				return err
			}
		}
	})
	found, _ := find(t, s, org, now)
	if found.Revision != workers || found.Version != workers+1 {
		t.Errorf("revision %d, version %d after %d updates", found.Revision, found.Version, workers)
	}
}
