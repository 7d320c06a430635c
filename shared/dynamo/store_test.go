package dynamo_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/launch"
	"signpost/shared/lifecycle"
)

var (
	_ lifecycle.Store = (*dynamo.Store)(nil)
	_ launch.Creator  = (*dynamo.Store)(nil)
	_ launch.Taker    = (*dynamo.Store)(nil)
)

// now is the tests' time, which differs from every real clock.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const org = "3a6ff373-0e85-4a5b-b6c9-8d6a0d8f2f11"

func newStore(t testing.TB) *dynamo.Store {
	t.Helper()
	return dynamo.New(dynamotest.New(t))
}

func active(orgKey string) installation.Installation {
	return installation.Installation{
		Key: installationtest.Key(orgKey), Statement: installation.Statement{Subject: "sub of " + orgKey, OrgName: "name of " + orgKey, Region: "us-west-2_r"},
		State: installation.Active, Generation: "g1",
		Schedule: installation.Schedule{DueAt: now},
	}
}

func tombstone(orgKey string, forgetAt time.Time) installation.Installation {
	return installation.Installation{Key: installationtest.Key(orgKey), State: installation.Removed, Generation: "g1", ForgetAt: forgetAt}
}

func candidate(orgKey, id string) installation.Candidate {
	return installation.Candidate{
		Key: installationtest.Key(orgKey), ID: id, Kind: installation.Activation, ForgetAt: now.Add(installation.CandidateLife),
		Schedule: installation.Schedule{DueAt: now},
	}
}

func mark(orgKey, id string) installation.Used {
	return installation.Used{Key: installationtest.Key(orgKey), ID: id, Until: now.Add(6 * time.Minute)}
}

// noError ends t unless err is nil.
func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func save(t *testing.T, s *dynamo.Store, i installation.Installation) installation.Installation {
	t.Helper()
	saved, err := s.Save(t.Context(), i)
	noError(t, err)
	return saved
}

func putCandidate(t *testing.T, s *dynamo.Store, c installation.Candidate) installation.Candidate {
	t.Helper()
	put, err := s.PutCandidate(t.Context(), c)
	noError(t, err)
	return put
}

func commit(t *testing.T, s *dynamo.Store, i installation.Installation, used installation.Used) installation.Installation {
	t.Helper()
	committed, err := s.Commit(t.Context(), i, used, nil, now)
	noError(t, err)
	return committed
}

func find(t *testing.T, s *dynamo.Store, orgKey string, now time.Time) (installation.Installation, []installation.Candidate) {
	t.Helper()
	return findKey(t, s, installationtest.Key(orgKey), now)
}

func findKey(t *testing.T, s *dynamo.Store, key installation.Key, now time.Time) (installation.Installation, []installation.Candidate) {
	t.Helper()
	found, candidates, err := s.Find(t.Context(), key, now)
	noError(t, err)
	return found, candidates
}

func isUsed(t *testing.T, s *dynamo.Store, orgKey, id string, now time.Time) bool {
	t.Helper()
	used, err := s.Used(t.Context(), installationtest.Key(orgKey), id, now)
	noError(t, err)
	return used
}

// wantError fails t unless err is want, or nil if want is.
func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error = %v, want %v", err, want)
	}
}

// race runs do n times at once and returns how often it gave each error, by
// the sentinels; nil counts success. Any other error fails t.
func race(t *testing.T, n int, do func(n int) error, sentinels ...error) map[error]int {
	t.Helper()
	var (
		start   = make(chan struct{})
		mutex   sync.Mutex
		results = map[error]int{}
		workers sync.WaitGroup
	)
	for worker := range n {
		workers.Go(func() {
			<-start
			err := do(worker)
			mutex.Lock()
			defer mutex.Unlock()
			for _, sentinel := range append(sentinels, nil) {
				if errors.Is(err, sentinel) {
					results[sentinel]++
					return
				}
			}
			t.Errorf("worker %d: %v", worker, err)
		})
	}
	close(start)
	workers.Wait()
	return results
}

func numbered(prefix string, n int) string { return fmt.Sprintf("%s-%04d", prefix, n) }
