package model_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"signpost/shared/installation"
	"signpost/shared/launch"
	"signpost/shared/lifecycle"
	"signpost/shared/schedule"
)

// backend is what a store must be for everything that is played.
type backend interface {
	lifecycle.Store
	schedule.Store
	launch.Creator
	launch.Taker
}

// trouble is what becomes of a call to the table.
type trouble int

const (
	refused  trouble = iota // not done
	lost                    // done, but the answer was lost
	repeated                // done, but the answer was lost and the client repeated it
	troubles
)

var errTable = errors.New("the table does not answer")

// store is a backend as a worker sees it: each call takes its time, may fail,
// or is not made any more; the model sees each that had an effect, in order.
type store struct {
	backend
	model  *oracle
	label  func(string) string // tells calls apart
	shards []int               // those in use
	// channels are in memory, whatever the backend.
	channels *channels

	mu      sync.Mutex
	ahead   int // how many more calls are in trouble
	trouble trouble
	serial  sync.Mutex // held while a call is done and the model looks on
	writes  map[string]int
}

// spoil puts the next calls in trouble; none ends it.
func (s *store) spoil(calls int, trouble trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead, s.trouble = calls, trouble
}

func (s *store) takeTrouble() (trouble, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ahead == 0 {
		return 0, false
	}
	s.ahead--
	return s.trouble, true
}

// call makes one call on behalf of a worker. conditional says that repeating
// it after it was done is a conflict.
func (s *store) call(ctx context.Context, name string, conditional bool, do func() error) error {
	w := workerOf(ctx)
	if err := w.begin(name); err != nil {
		return err
	}
	if err := w.take(ctx, name); err != nil {
		return err
	}
	trouble, spoiled := trouble(0), false
	if w != nil {
		trouble, spoiled = s.takeTrouble()
	}
	if spoiled && trouble == refused {
		return errTable
	}
	s.serial.Lock()
	err := do()
	s.serial.Unlock()
	if err != nil {
		return err
	}
	if err := w.take(ctx, name+" answer"); err != nil {
		return err
	}
	switch {
	case spoiled && trouble == lost:
		return errTable
	case spoiled && conditional:
		return installation.ErrConflict
	default:
		return nil
	}
}

func (s *store) Find(ctx context.Context, key installation.Key, now time.Time) (row installation.Installation, candidates []installation.Candidate, err error) {
	err = s.call(ctx, "Find"+s.label(key.OrgKey), false, func() error {
		row, candidates, err = s.backend.Find(ctx, key, now)
		return err
	})
	return row, candidates, err
}

func (s *store) Used(ctx context.Context, key installation.Key, id string, now time.Time) (used bool, err error) {
	err = s.call(ctx, "Used"+s.label(key.OrgKey), false, func() error {
		used, err = s.backend.Used(ctx, key, id, now)
		return err
	})
	return used, err
}

func (s *store) PutCandidate(ctx context.Context, c installation.Candidate) (put installation.Candidate, err error) {
	err = s.call(ctx, "PutCandidate"+s.label(c.OrgKey), true, func() error {
		if put, err = s.backend.PutCandidate(ctx, c); err == nil {
			s.model.candidatePut(put)
		}
		return err
	})
	return put, err
}

func (s *store) DeleteCandidate(ctx context.Context, c installation.Candidate) error {
	return s.call(ctx, "DeleteCandidate"+s.label(c.OrgKey), false, func() error { return s.backend.DeleteCandidate(ctx, c) })
}

func (s *store) Save(ctx context.Context, i installation.Installation) (saved installation.Installation, err error) {
	err = s.call(ctx, "Save"+s.label(i.OrgKey), true, func() error {
		if saved, err = s.backend.Save(ctx, i); err == nil {
			s.writes[i.OrgKey]++
			s.model.saved(i, saved, workerOf(ctx).strays(saved))
		}
		return err
	})
	return saved, err
}

func (s *store) Commit(ctx context.Context, i installation.Installation, used installation.Used, done []installation.Candidate, now time.Time) (stored installation.Installation, err error) {
	err = s.call(ctx, "Commit"+s.label(i.OrgKey), false, func() error {
		if stored, err = s.backend.Commit(ctx, i, used, done, now); err == nil {
			s.model.committed(i, stored, used)
			workerOf(ctx).claim(i.OrgKey, nil)
		}
		return err
	})
	return stored, err
}

func (s *store) Due(ctx context.Context, shard int, now time.Time, cursor string, limit int) (due []installation.Ref, next string, err error) {
	err = s.call(ctx, "Due"+s.label(shardName(shard)), false, func() error {
		due, next, err = s.backend.Due(ctx, shard, now, cursor, limit)
		return err
	})
	return due, next, err
}

func (s *store) Passes(ctx context.Context) (passes []installation.Pass, err error) {
	err = s.call(ctx, "Passes", false, func() error {
		passes, err = s.backend.Passes(ctx)
		passes = slices.DeleteFunc(passes, func(p installation.Pass) bool { return !slices.Contains(s.shards, p.Shard) })
		return err
	})
	return passes, err
}

func (s *store) SavePass(ctx context.Context, p installation.Pass) (saved installation.Pass, err error) {
	err = s.call(ctx, "SavePass"+s.label(shardName(p.Shard)), true, func() error {
		if saved, err = s.backend.SavePass(ctx, p); err == nil {
			s.model.passSaved(saved)
		}
		return err
	})
	return saved, err
}

func (s *store) Page(ctx context.Context, shard int, place string, limit int) (page installation.Page, err error) {
	err = s.call(ctx, "Page"+s.label(shardName(shard)), false, func() error {
		if page, err = s.backend.Page(ctx, shard, place, min(limit, pageRows)); err == nil {
			page.Rows = s.model.asOf(page.Rows, time.Now().Add(-workerOf(ctx).lag(shard)))
		}
		return err
	})
	return page, err
}

func (s *store) Claim(ctx context.Context, ref installation.Ref, lease installation.Lease, now time.Time) (work installation.Work, err error) {
	err = s.call(ctx, "Claim "+shortName(ref)+s.label(ref.OrgKey), true, func() error {
		if work, err = s.backend.Claim(ctx, ref, lease, now); err != nil {
			return err
		}
		workerOf(ctx).claim(ref.OrgKey, work.Installation)
		if work.Installation != nil {
			s.writes[ref.OrgKey]++
			s.model.claimed(*work.Installation)
		}
		return nil
	})
	return work, err
}

// pageRows is how many rows a page has at most: few, so that a pass has several.
const pageRows = 2

// shortName tells the calls of one run apart that are made at once.
func shortName(ref installation.Ref) string {
	if ref.Candidate != "" {
		return "candidate"
	}
	return "installation"
}

func (s *store) Create(ctx context.Context, l launch.Launch, region string, used installation.Used) error {
	return s.call(ctx, "Create", false, func() error {
		err := s.backend.Create(ctx, l, region, used)
		if err == nil {
			s.model.launched(l, region, used)
		}
		return err
	})
}
