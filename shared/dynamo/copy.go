package dynamo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"signpost/shared/installation"
)

// Purpose is what a copy is made for: which of two rows counts.
type Purpose string

const (
	// Move brings what another table knows into the one that takes over, by
	// [installation.Installation.Merge].
	Move Purpose = "move"
	// Restore puts rows of a backup back over a bad write, by
	// [installation.Installation.Restore].
	Restore Purpose = "restore"
)

// Copy is a copy of organizations' rows from one table into another. Both may
// be in use meanwhile, and a copy may be repeated: each row is written on the
// condition that it is still the one that was compared.
//
// Installations, tombstones, candidates and the marks of used tokens are
// copied, as long as they count. Launches are not: they live for five minutes.
type Copy struct {
	Source, Target *Store
	Purpose        Purpose
	// OrgKey names the one organization to copy, "" all of them.
	OrgKey string
	// DryRun compares and counts, and writes nothing.
	DryRun bool
	Now    func() time.Time
}

// Copied counts the rows of a copy by what became of them.
type Copied struct {
	Installations, Candidates, Marks Counts
}

// Counts counts rows of one kind.
type Counts struct {
	// Added rows were not in the target; Changed ones were, and are others now;
	// Left ones say nothing that the target does not know, or are over.
	Added, Changed, Left int
}

const (
	// copyAtOnce is how many rows are compared and written at a time.
	copyAtOnce = 16
	// copyTries bounds how often a row is compared again after a worker has
	// written the target's in between.
	copyTries = 10
)

// Run copies. One row that cannot be read or written ends it; what was counted
// until then comes back with the error. It can be run again.
func (c Copy) Run(ctx context.Context) (Copied, error) {
	if c.Purpose != Move && c.Purpose != Restore {
		return Copied{}, fmt.Errorf("copy: the purpose is %q: it must be %q or %q", c.Purpose, Move, Restore)
	}
	rows := c.Source.scan(ctx, "begins_with(pk, :prefix)", values{":prefix": text(orgPrefix)})
	if c.OrgKey != "" {
		rows = c.Source.organization(ctx, c.OrgKey)
	}
	var counted tally
	workers, working := errgroup.WithContext(ctx)
	workers.SetLimit(copyAtOnce)
	for item, err := range rows {
		if err != nil {
			err = fmt.Errorf("copy: read %s: %w", *c.Source.table, err)
			return counted.Copied, errors.Join(workers.Wait(), err)
		}
		if working.Err() != nil {
			break
		}
		workers.Go(func() error { return c.row(working, item, &counted) })
	}
	err := workers.Wait()
	return counted.Copied, err
}

// tally is a Copied that many workers add to.
type tally struct {
	mu sync.Mutex
	Copied
}

// add counts a row of one kind: was is whether the target had it.
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
			err = c.installation(ctx, item, counted)
		case strings.HasPrefix(k.SK, candidatePrefix):
			err = c.candidate(ctx, item, counted)
		case strings.HasPrefix(k.SK, usedPrefix):
			err = c.used(ctx, item, counted)
		default:
			err = errors.New("this version does not know such rows")
		}
	}
	if err != nil {
		return fmt.Errorf("copy %s of %s: %w", k.SK, k.orgKey(), err)
	}
	return nil
}

// get reads the target's row of this key, nil if there is none.
func (c Copy) get(ctx context.Context, k key) (map[string]types.AttributeValue, error) {
	out, err := c.Target.client.GetItem(ctx, &dynamodb.GetItemInput{
		TableName: c.Target.table, ConsistentRead: aws.Bool(true), Key: k.item(),
	})
	if err != nil {
		return nil, err
	}
	return out.Item, nil
}

// again runs do until no worker of the target was faster.
func again(do func() error) error {
	var err error
	for range copyTries {
		if err = do(); !errors.Is(err, installation.ErrConflict) {
			return err
		}
	}
	return err
}

func (c Copy) installation(ctx context.Context, item map[string]types.AttributeValue, counted *tally) error {
	var source installationRow
	if err := decode(item, &source); err != nil {
		return err
	}
	return again(func() error {
		found, err := c.get(ctx, source.key)
		if err != nil {
			return err
		}
		var target installationRow
		if err := decode(found, &target); err != nil {
			return err
		}
		was, resolve := installation.Installation{}, installation.Installation.Merge
		if found != nil {
			was = target.installation()
		}
		if c.Purpose == Restore {
			resolve = installation.Installation.Restore
		}
		next, changed := resolve(was, source.installation(), c.Now())
		if changed && !c.DryRun {
			err = c.Target.save(ctx, newInstallationRow(next), atVersion(was.Version).ofGeneration(was.Generation))
		}
		if err == nil {
			counted.add(&counted.Installations, found != nil, changed)
		}
		return err
	})
}

// candidate copies a candidate whose token the target has not applied: one that
// it has applied it does not hold any more, and must not get again.
func (c Copy) candidate(ctx context.Context, item map[string]types.AttributeValue, counted *tally) error {
	var source candidateRow
	if err := decode(item, &source); err != nil {
		return err
	}
	return again(func() error {
		used, err := c.Target.Used(ctx, source.orgKey(), candidateID(source.SK), c.Now())
		if err != nil {
			return err
		}
		found, err := c.get(ctx, source.key)
		if err != nil {
			return err
		}
		var target candidateRow
		if err := decode(found, &target); err != nil {
			return err
		}
		var was installation.Candidate
		if found != nil {
			was = target.candidate()
		}
		next, changed := was.Merge(source.candidate(), c.Now())
		changed = changed && !used
		if changed && !c.DryRun {
			err = c.Target.save(ctx, newCandidateRow(next), atVersion(was.Version))
		}
		if err == nil {
			counted.add(&counted.Candidates, found != nil, changed)
		}
		return err
	})
}

// used copies the mark of a used token, which counts as long as the longer of
// the two.
func (c Copy) used(ctx context.Context, item map[string]types.AttributeValue, counted *tally) error {
	var source usedRow
	if err := decode(item, &source); err != nil {
		return err
	}
	return again(func() error {
		found, err := c.get(ctx, source.key)
		if err != nil {
			return err
		}
		var target usedRow
		if err := decode(found, &target); err != nil {
			return err
		}
		changed := !gone(source.ExpiresAt, c.Now()) && source.ExpiresAt > target.ExpiresAt
		if changed && !c.DryRun {
			err = c.Target.save(ctx, source, shorterThan(source.ExpiresAt))
		}
		if err == nil {
			counted.add(&counted.Marks, found != nil, changed)
		}
		return err
	})
}

// shorterThan holds for a mark that is not there, or goes before this time.
func shorterThan(expiresAt int64) condition {
	return condition{
		expression: "attribute_not_exists(pk) OR expiresAt < :expiresAt",
		values:     values{":expiresAt": number(expiresAt)},
	}
}
