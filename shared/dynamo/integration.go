package dynamo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/integration"
)

// integrationsPK holds all registered integrations: they are few beside installations,
// are read at most twice a minute by a process, and can be listed without a scan.
const integrationsPK = "integrations"

// integrationRow is an [integration.Integration]; its app id and organization are its
// sort key.
type integrationRow struct {
	key
	writeRow
	Schema       int    `dynamodbav:"schema"`
	Version      int64  `dynamodbav:"version"`
	ClientID     string `dynamodbav:"clientId"`
	ClientSecret []byte `dynamodbav:"clientSecret"`
	Label        string `dynamodbav:"label,omitempty"`
	Reference    string `dynamodbav:"reference,omitempty"`
	Invitation   string `dynamodbav:"invitation,omitempty"`
	CreatedAt    int64  `dynamodbav:"createdAt,omitempty"`
	ExpiresAt    int64  `dynamodbav:"expiresAt,omitempty"`
}

func integrationKey(appID, orgKey string) key { return key{integrationsPK, appID + "#" + orgKey} }

func newIntegrationRow(i integration.Integration) integrationRow {
	return integrationRow{
		key: integrationKey(i.AppID, i.OrgKey), writeRow: newWriteRow(), Schema: schema, Version: i.Version + 1,
		ClientID: i.ClientID, ClientSecret: i.ClientSecret, Label: i.Label, Reference: i.Reference, Invitation: i.Invitation,
		CreatedAt: millis(i.CreatedAt), ExpiresAt: expirySeconds(i.UnprovenUntil),
	}
}

func (r integrationRow) integration() integration.Integration {
	appID, orgKey, _ := strings.Cut(r.SK, "#")
	return integration.Integration{
		AppID: appID, OrgKey: orgKey, Version: r.Version,
		ClientID: r.ClientID, ClientSecret: r.ClientSecret, Label: r.Label, Reference: r.Reference, Invitation: r.Invitation,
		CreatedAt: instant(r.CreatedAt), UnprovenUntil: expiryTime(r.ExpiresAt),
	}
}

// Integrations lists the registrations of an app id that have not expired at now, those
// of any app id for "", in the order of their keys, strongly consistent. It is a query,
// the one read that every function with tokens has permission for.
func (s *Store) Integrations(ctx context.Context, appID string, now time.Time) ([]integration.Integration, error) {
	prefix := ""
	if appID != "" {
		prefix = integrationKey(appID, "").SK
	}
	var list []integration.Integration
	for item, err := range s.partition(ctx, integrationsPK, prefix) {
		var row integrationRow
		if err == nil {
			err = decode(item, &row)
		}
		if err != nil {
			return nil, fmt.Errorf("list integrations: %w", err)
		}
		if !hasExpired(row.ExpiresAt, now) {
			list = append(list, row.integration())
		}
	}
	return list, nil
}

// partitions reads the rows of several partitions, one after the other.
func (s *Store) partitions(ctx context.Context, pks ...string) items {
	return func(yield func(map[string]types.AttributeValue, error) bool) {
		for _, pk := range pks {
			for item, err := range s.partition(ctx, pk, "") {
				if !yield(item, err) {
					return
				}
			}
		}
	}
}

// partition reads the rows of a partition whose sort keys begin with prefix, strongly
// consistent.
func (s *Store) partition(ctx context.Context, pk, prefix string) items {
	input := &dynamodb.QueryInput{
		TableName: s.table, ConsistentRead: aws.Bool(true), KeyConditionExpression: aws.String("pk = :pk"),
		ExpressionAttributeValues: values{":pk": text(pk)},
	}
	if prefix != "" {
		input.KeyConditionExpression = aws.String("pk = :pk AND begins_with(sk, :prefix)")
		input.ExpressionAttributeValues[":prefix"] = text(prefix)
	}
	pages := dynamodb.NewQueryPaginator(s.client, input)
	return paged(ctx, pages.HasMorePages, pages.NextPage, func(page *dynamodb.QueryOutput) []map[string]types.AttributeValue { return page.Items })
}

// SaveIntegration writes the row i, atomically, if its version is still the one that was
// read; a row that has expired at now counts as none. It returns it as stored, or
// [installation.ErrConflict].
func (s *Store) SaveIntegration(ctx context.Context, i integration.Integration, now time.Time) (integration.Integration, error) {
	row := newIntegrationRow(i)
	if err := s.save(ctx, row, atVersion(i.Version).orExpired(now)); err != nil {
		return integration.Integration{}, fmt.Errorf("save the integration %s: %w", i.AppID, err)
	}
	return row.integration(), nil
}

// DeleteIntegration deletes the row i, atomically, if its version is still the one that
// was read or it is gone already. It returns [installation.ErrConflict] otherwise.
func (s *Store) DeleteIntegration(ctx context.Context, i integration.Integration) error {
	if err := s.delete(ctx, integrationKey(i.AppID, i.OrgKey), i.Version); err != nil {
		return fmt.Errorf("delete the integration %s: %w", i.AppID, err)
	}
	return nil
}
