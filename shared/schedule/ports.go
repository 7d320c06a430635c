package schedule

import (
	"context"
	"time"

	"signpost/shared/installation"
	"signpost/shared/lifecycle"
)

// Service carries out one organization's use cases; see [lifecycle.Service].
type Service interface {
	Look(ctx context.Context, row installation.Installation, client lifecycle.Webex, began time.Time, again bool) (lifecycle.Finding, error)
	Work(ctx context.Context, work installation.Work, owner string, client lifecycle.Webex) lifecycle.Result
	Verify(ctx context.Context, key installation.Key) (lifecycle.Result, error)
	Holds(row installation.Installation) bool
	Parts() lifecycle.Parts
}

// Store keeps the rows and the passes. Any error that is none of the sentinels is a
// failure of the store.
type Store interface {
	// Due lists up to limit rows of a shard that are due at now, earliest first,
	// eventually consistent. Cursor "" is the beginning; next is "" at the end,
	// possibly after an empty page. CountDue counts them. A tombstone, a refused
	// candidate, or a row that expires by its DueAt is never due.
	Due(ctx context.Context, shard int, now time.Time, cursor string, limit int) (due []installation.Ref, next string, err error)
	CountDue(ctx context.Context, shard int, now time.Time) (int, error)
	// Keys lists the installations of an organization, eventually consistent.
	Keys(ctx context.Context, orgKey string) ([]installation.Key, error)
	// Claim takes the row for owner if no worker holds its Work lease and, where
	// ref names a DueAt, it is still due: it sets Work to lease and the due time to
	// the lease's end, and returns the row as it then is. It returns
	// [installation.ErrConflict] if another worker was faster, or the row is no longer
	// due, or gone.
	Claim(ctx context.Context, ref installation.Ref, lease installation.Lease, now time.Time) (installation.Work, error)

	// Passes reads the passes of all shards, in their order, eventually consistent;
	// Version is 0 for a shard without one.
	Passes(ctx context.Context) ([]installation.Pass, error)
	// SavePass writes p, on the condition that its Version is the one that was
	// read, and raises it by one. It returns [installation.ErrConflict].
	SavePass(ctx context.Context, p installation.Pass) (installation.Pass, error)
	// Page lists up to limit installations of a shard whose keys follow place, in
	// the order of their keys, eventually consistent.
	Page(ctx context.Context, shard int, place string, limit int) (installation.Page, error)
}
