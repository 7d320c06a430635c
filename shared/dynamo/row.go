package dynamo

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/installation"
)

const (
	orgPrefix       = "org#"
	candidatePrefix = "candidate#"
	installationSK  = "installation"
	usedPrefix      = "used#"
	dueIndex        = "due"
)

func orgPK(k installation.Key) string { return orgPrefix + k.Text() }
func candidateSK(id string) string    { return candidatePrefix + id }
func usedSK(id string) string         { return usedPrefix + id }

// candidateID returns the id of the candidate that a sort key names, "" if it
// names none.
func candidateID(sk string) string {
	if id, ok := strings.CutPrefix(sk, candidatePrefix); ok {
		return id
	}
	return ""
}

// key is a row's primary key.
type key struct {
	PK string `dynamodbav:"pk"`
	SK string `dynamodbav:"sk"`
}

// installationKey returns the key of the installation that the row belongs to.
func (k key) installationKey() installation.Key {
	return installation.ParseKey(strings.TrimPrefix(k.PK, orgPrefix))
}

func (k key) item() map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": text(k.PK), "sk": text(k.SK)}
}

// queued are the attributes that put a row into the indexes: Shard into "shards",
// both into "due". A tombstone and a refused candidate have DueAt alone, and are in neither.
type queued struct {
	Shard *int  `dynamodbav:"shard,omitempty"`
	DueAt int64 `dynamodbav:"dueAt,omitempty"`
}

// queue returns the index attributes of a row that is due at dueAt, or zero for no due
// time. It is queued only if workable and not expired by then: an expired row cannot be
// claimed.
func queue(k installation.Key, dueAt time.Time, workable bool, expiresAt int64) queued {
	q := queued{DueAt: millis(dueAt)}
	if workable && !(q.DueAt != 0 && hasExpired(expiresAt, dueAt)) {
		shard := installation.ShardOf(k.OrgKey)
		q.Shard = &shard
	}
	return q
}

// scheduleRow is an [installation.Schedule] without its due time.
type scheduleRow struct {
	VerifiedAt      int64       `dynamodbav:"verifiedAt,omitempty"`
	Failures        int         `dynamodbav:"failures,omitempty"`
	Settings        string      `dynamodbav:"settings,omitempty"`
	FailingSince    int64       `dynamodbav:"failingSince,omitempty"`
	FailingNotified bool        `dynamodbav:"failingNotified,omitempty"`
	LastResult      string      `dynamodbav:"lastResult,omitempty"`
	Failure         *failureRow `dynamodbav:"failure,omitempty"`
}

// failureRow is an [installation.Failure].
type failureRow struct {
	Owner   string `dynamodbav:"owner"`
	Status  int    `dynamodbav:"status,omitempty"`
	Code    string `dynamodbav:"code,omitempty"`
	RetryAt int64  `dynamodbav:"retryAt,omitempty"`
}

func newFailureRow(f installation.Failure) *failureRow {
	if f == (installation.Failure{}) {
		return nil
	}
	return &failureRow{Owner: f.Owner, Status: f.Status, Code: f.Code, RetryAt: millis(f.RetryAt)}
}

func (r *failureRow) failure() installation.Failure {
	if r == nil {
		return installation.Failure{}
	}
	return installation.Failure{Owner: r.Owner, Status: r.Status, Code: r.Code, RetryAt: instant(r.RetryAt)}
}

func newScheduleRow(s installation.Schedule) scheduleRow {
	return scheduleRow{
		VerifiedAt: millis(s.VerifiedAt), Failures: s.Failures, Settings: s.Settings, LastResult: s.LastResult,
		Failure: newFailureRow(s.Failure), FailingSince: millis(s.FailingSince), FailingNotified: s.FailingNotified,
	}
}

func (r scheduleRow) schedule(dueAt int64) installation.Schedule {
	return installation.Schedule{
		DueAt: instant(dueAt), VerifiedAt: instant(r.VerifiedAt),
		Failures: r.Failures, Settings: r.Settings, LastResult: r.LastResult, Failure: r.Failure.failure(),
		FailingSince: instant(r.FailingSince), FailingNotified: r.FailingNotified,
	}
}

// workedRow is what the rows of installations and candidates, on which workers
// work, have in common.
type workedRow struct {
	key
	queued
	workRow
	statementRow
	scheduleRow
	writeRow
	// AppID is the end of the partition key, for readers of the table's stream.
	AppID        string `dynamodbav:"appId,omitempty"`
	Schema       int    `dynamodbav:"schema"`
	Version      int64  `dynamodbav:"version"`
	ExpiresAt    int64  `dynamodbav:"expiresAt,omitempty"`
	BaseURL      string `dynamodbav:"baseUrl,omitempty"`
	Reference    string `dynamodbav:"reference,omitempty"`
	RefreshToken []byte `dynamodbav:"refreshToken,omitempty"`

	unknown unknown
}

// newWorkedRow returns a row for its next write; version is that of the last one.
func newWorkedRow(of installation.Key, sk string, version int64, s installation.Statement, work installation.Lease, schedule installation.Schedule, carried any) workedRow {
	row := workedRow{
		key: key{orgPK(of), sk}, AppID: of.AppID, Schema: schema, Version: version + 1,
		statementRow: newStatementRow(s), workRow: newWorkRow(work), scheduleRow: newScheduleRow(schedule), writeRow: newWriteRow(),
	}
	row.unknown, _ = carried.(unknown)
	return row
}

// writeRow identifies the last write of a row. When a reply is lost the SDK repeats
// the write, which then fails on its own row: the id tells that case from a write of
// equal content by another worker.
type writeRow struct {
	Write string `dynamodbav:"write,omitempty"`
}

func newWriteRow() writeRow { return writeRow{Write: rand.Text()} }

// eventRow is the event that a write announces, for readers of the table's stream. It is not
// read here, and the next write removes it.
type eventRow struct {
	Notice string `dynamodbav:"notice,omitempty"`
	Event  string `dynamodbav:"event,omitempty"`
}

// newEventRow returns the event of this type, none for "".
func newEventRow(notice string, detail any) eventRow {
	if notice == "" {
		return eventRow{}
	}
	text, _ := json.Marshal(detail) // plain values always encode
	return eventRow{notice, string(text)}
}

// workRow is the lease of a row's worker.
type workRow struct {
	WorkOwner string `dynamodbav:"workOwner,omitempty"`
	WorkUntil int64  `dynamodbav:"workUntil,omitempty"`
}

func (r workRow) lease() installation.Lease {
	return installation.Lease{Owner: r.WorkOwner, Until: instant(r.WorkUntil)}
}

func newWorkRow(l installation.Lease) workRow {
	return workRow{WorkOwner: l.Owner, WorkUntil: millis(l.Until)}
}

// statementRow is an [installation.Statement].
type statementRow struct {
	Subject         string   `dynamodbav:"subject,omitempty"`
	OrgName         string   `dynamodbav:"orgName,omitempty"`
	Region          string   `dynamodbav:"region,omitempty"`
	ManifestVersion int      `dynamodbav:"manifestVersion,omitempty"`
	Scopes          []string `dynamodbav:"scopes,omitempty"`
	OAuthURL        string   `dynamodbav:"oauthUrl,omitempty"`
	AppURL          string   `dynamodbav:"appUrl,omitempty"`
	ManifestURL     string   `dynamodbav:"manifestUrl,omitempty"`
	APIBaseURL      string   `dynamodbav:"apiBaseUrl,omitempty"`
}

func newStatementRow(s installation.Statement) statementRow {
	return statementRow{
		Subject: s.Subject, OrgName: s.OrgName,
		Region: s.Region, ManifestVersion: s.ManifestVersion, Scopes: s.Scopes,
		OAuthURL: s.URLs.OAuth, AppURL: s.URLs.App, ManifestURL: s.URLs.Manifest, APIBaseURL: s.URLs.APIBase,
	}
}

func (r statementRow) statement() installation.Statement {
	return installation.Statement{
		Subject: r.Subject, OrgName: r.OrgName,
		Region: r.Region, ManifestVersion: r.ManifestVersion, Scopes: r.Scopes,
		URLs: installation.URLs{OAuth: r.OAuthURL, App: r.AppURL, Manifest: r.ManifestURL, APIBase: r.APIBaseURL},
	}
}

// usedRow is an [installation.Used]; its ID is the end of its sort key.
type usedRow struct {
	key
	Schema    int   `dynamodbav:"schema"`
	ExpiresAt int64 `dynamodbav:"expiresAt"`
}

func newUsedRow(u installation.Used) usedRow {
	return usedRow{key: key{orgPK(u.Key), usedSK(u.ID)}, Schema: schema, ExpiresAt: expirySeconds(u.Until)}
}

// millis and instant store a time; the zero time is no attribute.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(millis int64) time.Time {
	if millis == 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}

// expirySeconds is t in whole seconds, rounded up: a row is never deleted early.
func expirySeconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Add(time.Second - 1).Unix()
}

// expiryTime is the time that expirySeconds stored.
func expiryTime(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// hasExpired reports whether a row with this expiry, 0 for none, has expired at now,
// whether or not DynamoDB has deleted it.
func hasExpired(expiresAt int64, now time.Time) bool {
	return expiresAt != 0 && expiresAt <= now.Unix()
}

func encode(row any) (map[string]types.AttributeValue, error) {
	item, err := attributevalue.MarshalMap(row)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", row, err)
	}
	if row, ok := row.(carrier); ok {
		maps.Copy(item, row.carry())
	}
	return item, nil
}

// decode returns [errSchema] for a row that this version must not touch.
func decode(item map[string]types.AttributeValue, row any) error {
	if err := checkSchema(item); err != nil {
		return fmt.Errorf("decode %T: %w", row, err)
	}
	if err := attributevalue.UnmarshalMap(item, row); err != nil {
		return fmt.Errorf("decode %T: %w", row, err)
	}
	if row, ok := row.(keeper); ok {
		row.keep(item)
	}
	return nil
}
