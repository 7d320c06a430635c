package dynamo

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"signpost/shared/installation"
	"signpost/shared/integration"
	"signpost/shared/invitation"
)

// Purpose is what a copy is made for, which decides which of two rows wins.
type Purpose string

const (
	// Move merges another table's rows into the table that replaces it, by
	// [installation.Installation.Merge].
	Move Purpose = "move"
	// Restore restores rows from a backup over a bad write, by
	// [installation.Installation.Restore].
	Restore Purpose = "restore"
)

// Copy is a copy of organizations' rows from one table into another. Both may
// be in use meanwhile, and a copy may be repeated: each row is written on the
// condition that it has not changed since it was compared.
//
// Registered integrations, invitations, installations, tombstones, candidates and the marks
// of used tokens are copied, unless they have expired; the channels too, unless the target
// has channels of its own. Launches, refusals, passes and counts of requests are not: they
// are short-lived or made anew.
type Copy struct {
	Source, Target *Store
	Purpose        Purpose
	// OrgKey names the one organization to copy, "" all of them. Either way the whole
	// table is read.
	OrgKey string
	// DryRun compares and counts, and writes nothing.
	DryRun bool
	Now    func() time.Time
}

// Copied counts the rows of a copy by their outcome.
type Copied struct {
	Channels, Integrations, Invitations, Installations, Candidates, UsedTokens Counts
}

// Counts counts rows of one kind by their outcome.
type Counts struct {
	// Added rows were not in the target; Changed ones were, and were replaced;
	// Left ones were skipped: they hold nothing new for the target, or have expired.
	Added, Changed, Left int
}

const (
	// copyAtOnce is how many rows are compared and written at a time.
	copyAtOnce = 16
	// copyAttempts bounds how often a row is compared again because a worker wrote
	// the target's in the meantime.
	copyAttempts = 10
)

// Run copies the rows, and counts them. It stops at the first row that cannot be read
// or written, and returns the counts so far with the error. It can be run again.
func (c Copy) Run(ctx context.Context) (Copied, error) {
	if c.Purpose != Move && c.Purpose != Restore {
		return Copied{}, fmt.Errorf("copy: the purpose is %q: it must be %q or %q", c.Purpose, Move, Restore)
	}
	var counted tally
	if err := c.beforeInstallations(ctx, &counted); err != nil {
		return counted.Copied, err
	}
	prefix := orgPrefix
	if c.OrgKey != "" {
		prefix = organizationPrefix(c.OrgKey)
	}
	rows := c.Source.scan(ctx, "begins_with(pk, :prefix)", values{":prefix": text(prefix)})
	workers, working := errgroup.WithContext(ctx)
	workers.SetLimit(copyAtOnce)
	for item, err := range rows {
		if err != nil {
			err = fmt.Errorf("copy: read %s: %w", *c.Source.table, err)
			waitErr := workers.Wait() // counted is complete after it
			return counted.Copied, errors.Join(waitErr, err)
		}
		if working.Err() != nil {
			break
		}
		if c.OrgKey != "" && installation.ParseKey(keyOf(item)).OrgKey != c.OrgKey {
			continue
		}
		workers.Go(func() error { return c.row(working, item, &counted) })
	}
	err := workers.Wait()
	return counted.Copied, err
}

// beforeInstallations copies what installations refer to: the registered integrations,
// for one organization only those that are registered for it, or else all, with the
// channels and the invitations.
func (c Copy) beforeInstallations(ctx context.Context, counted *tally) error {
	if err := c.channels(ctx, counted); err != nil {
		return err
	}
	for item, err := range c.Source.partitions(ctx, integrationsPK, invitationsPK) {
		var k key
		if err == nil {
			err = attributevalue.UnmarshalMap(item, &k)
		}
		if err == nil {
			err = c.shared(ctx, k, item, counted)
		}
		if err != nil {
			return fmt.Errorf("copy %s of %s: %w", k.SK, k.PK, err)
		}
	}
	return nil
}

// shared copies a row that belongs to no installation.
func (c Copy) shared(ctx context.Context, k key, item map[string]types.AttributeValue, counted *tally) error {
	_, orgKey, _ := strings.Cut(k.SK, "#")
	switch {
	case c.OrgKey != "" && (k.PK != integrationsPK || c.OrgKey != orgKey):
		return nil
	case k.PK == integrationsPK:
		return copyRow(ctx, c, k, item, counted, &counted.Integrations, c.integration)
	}
	return copyRow(ctx, c, k, item, counted, &counted.Invitations, c.invitation)
}

// channels copies the channels, unless the target has some: which revision is current
// comes last, so that a copy that broke off is repeated.
func (c Copy) channels(ctx context.Context, counted *tally) error {
	own, err := c.Target.CurrentChannels(ctx)
	if err != nil || own.Version != 0 || c.OrgKey != "" {
		return err
	}
	revisions, err := c.Source.ChannelRevisions(ctx)
	if err != nil {
		return err
	}
	for _, revision := range revisions {
		if err := copyIfAbsent[revisionRow](ctx, c, revisionKey(revision.Number), counted); err != nil {
			return err
		}
	}
	return copyIfAbsent[currentRow](ctx, c, currentKey(), counted)
}

// copyIfAbsent copies a row of the channels, if there is one, that the target does not have.
func copyIfAbsent[R any](ctx context.Context, c Copy, k key, counted *tally) error {
	source, err := find[R](ctx, c.Source, k)
	if err != nil || source == nil {
		return err
	}
	item, err := encode(*source)
	if err != nil {
		return err
	}
	return copyRow(ctx, c, k, item, counted, &counted.Channels, func(_ context.Context, source R, target *R) (resolution, error) {
		return resolution{target == nil, source, atVersion(0)}, nil
	})
}

// invitation copies an invitation that the target does not have, or that is no longer
// open in the source.
func (c Copy) invitation(_ context.Context, source invitationRow, target *invitationRow) (resolution, error) {
	next, was := source.invitation(), invitation.Invitation{}
	if target != nil {
		was = target.invitation()
	}
	next.Version = was.Version
	closed := !next.UsedAt.IsZero() || !next.RevokedAt.IsZero()
	wasOpen := was.UsedAt.IsZero() && was.RevokedAt.IsZero()
	changed := !hasExpired(source.ExpiresAt, c.Now()) && (target == nil || hasExpired(target.ExpiresAt, c.Now()) || closed && wasOpen)
	return resolution{changed, newInvitationRow(next), atVersion(was.Version)}, nil
}

// tally is a Copied that many workers add to.
type tally struct {
	mu sync.Mutex
	Copied
}

// add counts a row of one kind: was reports whether the target had it.
func (t *tally) add(kind *Counts, was, changed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case !changed:
		kind.Left++
	case was:
		kind.Changed++
	default:
		kind.Added++
	}
}

// row copies one row, by its kind.
func (c Copy) row(ctx context.Context, item map[string]types.AttributeValue, counted *tally) error {
	var k key
	err := attributevalue.UnmarshalMap(item, &k) // of any schema: an error names it
	if err == nil {
		switch {
		case k.SK == installationSK:
			err = copyRow(ctx, c, k, item, counted, &counted.Installations, c.installation)
		case strings.HasPrefix(k.SK, candidatePrefix):
			err = copyRow(ctx, c, k, item, counted, &counted.Candidates, c.candidate)
		case strings.HasPrefix(k.SK, usedPrefix):
			err = copyRow(ctx, c, k, item, counted, &counted.UsedTokens, c.used)
		default:
			err = errors.New("this version does not know such rows")
		}
	}
	if err != nil {
		return fmt.Errorf("copy %s of %s: %w", k.SK, k.installationKey().Text(), err)
	}
	return nil
}

// resolution is what a row of the target becomes.
type resolution struct {
	changed bool
	// row is written if unchanged holds for the target's.
	row       any
	unchanged condition
}

// copyRow compares the source's row at k, which is item, with the target's and
// writes what resolve returns for both. It compares again if a worker of the target
// wrote the row in the meantime. Without a row in the target, resolve gets nil.
func copyRow[R any](ctx context.Context, c Copy, k key, item map[string]types.AttributeValue, counted *tally, kind *Counts,
	resolve func(ctx context.Context, source R, target *R) (resolution, error),
) error {
	var source R
	err := decode(item, &source)
	if err != nil {
		return err
	}
	for range copyAttempts {
		var target *R
		if target, err = find[R](ctx, c.Target, k); err != nil {
			return err
		}
		var next resolution
		if next, err = resolve(ctx, source, target); err != nil {
			return err
		}
		if next.changed && !c.DryRun {
			err = c.Target.save(ctx, next.row, next.unchanged)
		}
		if err == nil {
			counted.add(kind, target != nil, next.changed)
		}
		if !errors.Is(err, installation.ErrConflict) {
			return err
		}
	}
	return err
}

func (c Copy) installation(_ context.Context, source installationRow, target *installationRow) (resolution, error) {
	was, resolve := installation.Installation{}, installation.Installation.Merge
	if target != nil {
		was = target.installation()
	}
	if c.Purpose == Restore {
		resolve = installation.Installation.Restore
	}
	next, changed := resolve(was, source.installation(), c.Now())
	return resolution{changed, newInstallationRow(next), atVersion(was.Version).ofGeneration(was.Generation)}, nil
}

// integration copies a registration that the target does not have. A restore also
// replaces one that differs: only its customer may know the client secret. A move leaves
// it, since that of the target may be newer.
func (c Copy) integration(_ context.Context, source integrationRow, target *integrationRow) (resolution, error) {
	next, was := source.integration(), integration.Integration{}
	if target != nil {
		was = target.integration()
	}
	next.Version = was.Version
	stays := target != nil && !hasExpired(target.ExpiresAt, c.Now()) && (c.Purpose == Move || reflect.DeepEqual(next, was))
	return resolution{!stays && !hasExpired(source.ExpiresAt, c.Now()), newIntegrationRow(next), atVersion(was.Version)}, nil
}

// candidate copies a candidate unless the target has applied its token: then it no
// longer holds the candidate, and must not get it again.
func (c Copy) candidate(ctx context.Context, source candidateRow, target *candidateRow) (resolution, error) {
	used, err := c.Target.Used(ctx, source.installationKey(), candidateID(source.SK), c.Now())
	if err != nil {
		return resolution{}, err
	}
	var was installation.Candidate
	if target != nil {
		was = target.candidate()
	}
	next, changed := was.Merge(source.candidate(), c.Now())
	return resolution{changed && !used, newCandidateRow(next), atVersion(was.Version)}, nil
}

// used copies the mark of a used token if it lasts longer than the target's.
func (c Copy) used(_ context.Context, source usedRow, target *usedRow) (resolution, error) {
	longer := target == nil || source.ExpiresAt > target.ExpiresAt
	return resolution{longer && !hasExpired(source.ExpiresAt, c.Now()), source, expiresBefore(source.ExpiresAt)}, nil
}

// expiresBefore holds if there is no mark, or one that expires before this time.
func expiresBefore(expiresAt int64) condition {
	return condition{
		expression: "attribute_not_exists(pk) OR expiresAt < :expiresAt",
		values:     values{":expiresAt": number(expiresAt)},
	}
}
