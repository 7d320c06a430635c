package dynamo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/channel"
	"signpost/shared/installation"
)

// channelsPK holds the revisions of the channels, and which one is current.
const (
	channelsPK     = "channels"
	currentSK      = "current"
	revisionPrefix = "revision#"
)

// currentRow is a [channel.Current].
type currentRow struct {
	key
	writeRow
	Schema   int         `dynamodbav:"schema"`
	Version  int64       `dynamodbav:"version"`
	Revision int         `dynamodbav:"revision"`
	Latest   int         `dynamodbav:"latest"`
	Rollout  *rolloutRow `dynamodbav:"rollout,omitempty"`
	eventRow
}

// rolloutRow is a [channel.Rollout].
type rolloutRow struct {
	Stages    []installation.Stage `dynamodbav:"stages"`
	Rate      float64              `dynamodbav:"rate,omitempty"`
	Hold      int64                `dynamodbav:"holdSeconds,omitempty"`
	HaltAt    float64              `dynamodbav:"haltAt"`
	Revision  int                  `dynamodbav:"revision"`
	State     string               `dynamodbav:"state"`
	Resumes   string               `dynamodbav:"resumes,omitempty"`
	Stage     int                  `dynamodbav:"stage"`
	StartedAt int64                `dynamodbav:"startedAt"`
	ChangedAt int64                `dynamodbav:"changedAt"`
	NotBefore int64                `dynamodbav:"notBefore"`
	Aborted   bool                 `dynamodbav:"aborted,omitempty"`
	Shard     int                  `dynamodbav:"shard,omitempty"`
	Place     string               `dynamodbav:"place,omitempty"`
	Done      int                  `dynamodbav:"done,omitempty"`
	Failed    int                  `dynamodbav:"failed,omitempty"`
	workRow
}

func newRolloutRow(r *channel.Rollout) *rolloutRow {
	if r == nil {
		return nil
	}
	return &rolloutRow{
		Stages: r.Stages, Rate: r.Rate, Hold: int64(r.Hold / time.Second), HaltAt: r.HaltAt, Revision: r.Revision,
		State: string(r.State), Resumes: string(r.Resumes), Stage: r.Stage,
		StartedAt: millis(r.StartedAt), ChangedAt: millis(r.ChangedAt), NotBefore: millis(r.NotBefore), Aborted: r.Aborted,
		Shard: r.Shard, Place: r.Place, Done: r.Done, Failed: r.Failed, workRow: newWorkRow(r.Lease),
	}
}

func (r *rolloutRow) rollout() *channel.Rollout {
	if r == nil {
		return nil
	}
	return &channel.Rollout{
		Plan:     channel.Plan{Stages: r.Stages, Rate: r.Rate, Hold: time.Duration(r.Hold) * time.Second, HaltAt: r.HaltAt},
		Revision: r.Revision, State: channel.RolloutState(r.State), Resumes: channel.RolloutState(r.Resumes), Stage: r.Stage,
		StartedAt: instant(r.StartedAt), ChangedAt: instant(r.ChangedAt), NotBefore: instant(r.NotBefore), Aborted: r.Aborted,
		Progress: channel.Progress{Shard: r.Shard, Place: r.Place, Done: r.Done, Failed: r.Failed}, Lease: r.lease(),
	}
}

// revisionRow is a [channel.Revision]; its number is the end of its sort key.
type revisionRow struct {
	key
	Schema    int    `dynamodbav:"schema"`
	Document  string `dynamodbav:"document"`
	CreatedAt int64  `dynamodbav:"createdAt"`
}

func currentKey() key { return key{channelsPK, currentSK} }

// revisionKey orders revisions by their numbers.
func revisionKey(number int) key {
	return key{channelsPK, fmt.Sprintf("%s%09d", revisionPrefix, number)}
}

func newCurrentRow(c channel.Current) currentRow {
	row := currentRow{key: currentKey(), writeRow: newWriteRow(), Schema: schema, Version: c.Version + 1, Revision: c.Revision, Latest: c.Latest, Rollout: newRolloutRow(c.Rollout)}
	if c.Notice != "" {
		row.eventRow = newEventRow(c.Notice, c.Rollout.Status(0, c.Rollout.ChangedAt))
	}
	return row
}

func (r currentRow) current() channel.Current {
	return channel.Current{Version: r.Version, Revision: r.Revision, Latest: r.Latest, Rollout: r.Rollout.rollout()}
}

func (r revisionRow) revision() (channel.Revision, error) {
	number, err := strconv.Atoi(strings.TrimPrefix(r.SK, revisionPrefix))
	found := channel.Revision{Number: number, CreatedAt: instant(r.CreatedAt)}
	return found, errors.Join(err, json.Unmarshal([]byte(r.Document), &found.Document))
}

// CurrentChannels reads which revision is current, strongly consistent; the zero value
// if there never were channels.
func (s *Store) CurrentChannels(ctx context.Context) (channel.Current, error) {
	row, err := find[currentRow](ctx, s, currentKey())
	if err != nil || row == nil {
		return channel.Current{}, err
	}
	return row.current(), nil
}

// ChannelRevision reads a revision, strongly consistent. It returns
// [channel.ErrUnknownRevision].
func (s *Store) ChannelRevision(ctx context.Context, number int) (channel.Revision, error) {
	row, err := find[revisionRow](ctx, s, revisionKey(number))
	switch {
	case err != nil:
		return channel.Revision{}, err
	case row == nil:
		return channel.Revision{}, fmt.Errorf("%w: %d", channel.ErrUnknownRevision, number)
	}
	return row.revision()
}

// ChannelRevisions lists the kept revisions, the latest first, strongly consistent.
func (s *Store) ChannelRevisions(ctx context.Context) ([]channel.Revision, error) {
	var list []channel.Revision
	for item, err := range s.partition(ctx, channelsPK, revisionPrefix) {
		var row revisionRow
		if err == nil {
			err = decode(item, &row)
		}
		var revision channel.Revision
		if err == nil {
			revision, err = row.revision()
		}
		if err != nil {
			return nil, fmt.Errorf("list the revisions of the channels: %w", err)
		}
		list = append(list, revision)
	}
	slices.Reverse(list)
	return list, nil
}

// AddChannelRevision stores the document as the latest revision of next, and next in place
// of what it was made from, all or nothing; it drops the revision that is
// [channel.KeptRevisions] older. It returns [channel.ErrChanged] if the channels were
// changed meanwhile.
func (s *Store) AddChannelRevision(ctx context.Context, next channel.Current, document channel.Document, now time.Time) (channel.Current, error) {
	encoded, err := json.Marshal(document)
	if err != nil {
		return channel.Current{}, err
	}
	row := newCurrentRow(next)
	revision, revisionErr := encode(revisionRow{key: revisionKey(next.Latest), Schema: schema, Document: string(encoded), CreatedAt: millis(now)})
	item, err := encode(row)
	if err = errors.Join(err, revisionErr); err != nil {
		return channel.Current{}, err
	}
	writes := []types.TransactWriteItem{s.put(revision, atVersion(0)), s.put(item, atVersion(next.Version))}
	if old := next.Latest - channel.KeptRevisions; old > 0 && old != next.Revision {
		writes = append(writes, types.TransactWriteItem{Delete: &types.Delete{TableName: s.table, Key: revisionKey(old).item()}})
	}
	err = s.transact(ctx, writes, func(err error) error {
		if slices.ContainsFunc(reasons(err), func(r types.CancellationReason) bool { return hasCode(r, conditionFailed) }) {
			return channel.ErrChanged
		}
		return busy(err)
	}, conflictAttempts)
	if err != nil {
		return channel.Current{}, fmt.Errorf("store revision %d of the channels: %w", next.Latest, err)
	}
	return row.current(), nil
}

// SaveCurrentChannels writes what is current, if its version is still the one that was
// read. It returns [channel.ErrChanged] otherwise.
func (s *Store) SaveCurrentChannels(ctx context.Context, c channel.Current) (channel.Current, error) {
	row := newCurrentRow(c)
	err := s.save(ctx, row, atVersion(c.Version))
	if errors.Is(err, installation.ErrConflict) {
		err = channel.ErrChanged
	}
	if err != nil {
		return channel.Current{}, fmt.Errorf("save the current channels: %w", err)
	}
	return row.current(), nil
}
