package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/installation"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

// Snapshot is all that the table and Webex hold at one moment, as text.
type Snapshot struct {
	// Rows by partition key: every attribute, binary ones byte for byte.
	Rows map[string]string
	// Keys are those of all rows.
	Keys []Key
	// Webex by organization: its installation, configurations and pushes.
	Webex map[string]string
}

// Key is a row's key, its shard if there is work, and when it is due by itself, if ever.
type Key struct {
	PK    string `dynamodbav:"pk"`
	SK    string `dynamodbav:"sk"`
	Shard *int   `dynamodbav:"shard"`
	DueAt int64  `dynamodbav:"dueAt"`
}

// Queued reports whether the schedule finds the row by itself, not only by a pass.
func (k Key) Queued() bool { return k.Shard != nil && k.DueAt != 0 }

// Look takes a snapshot of the table and of these organizations at Webex.
func Look(ctx context.Context, client *dynamodb.Client, table string, cloud *webextest.Cloud, orgs ...string) (Snapshot, error) {
	snapshot := Snapshot{Rows: map[string]string{}, Webex: map[string]string{}}
	pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{TableName: &table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return snapshot, fmt.Errorf("look at the table: %w", err)
		}
		for _, row := range page.Items {
			var key Key
			if err := attributevalue.UnmarshalMap(row, &key); err != nil {
				return snapshot, fmt.Errorf("look at the table: %w", err)
			}
			var text strings.Builder
			writeMap(&text, row)
			snapshot.Rows[key.PK] += text.String() + "\n"
			snapshot.Keys = append(snapshot.Keys, key)
		}
	}
	for _, org := range orgs {
		if view, installed := cloud.Installation(org); installed {
			snapshot.Webex[org] = describe(cloud, view)
		}
	}
	return snapshot, nil
}

func describe(cloud *webextest.Cloud, view webextest.InstallationView) string {
	all := map[string]any{"installation": view}
	for _, feature := range webex.Features {
		all[string(feature)], _ = cloud.Configuration(view.OrgID, string(feature))
		all[string(feature)+" pushes"] = cloud.Pushes(view.OrgID, string(feature))
	}
	text, err := json.Marshal(all)
	if err != nil {
		return err.Error() // plain values always marshal
	}
	return string(text)
}

func writeMap(text *strings.Builder, row map[string]types.AttributeValue) {
	for _, name := range slices.Sorted(maps.Keys(row)) {
		text.WriteString(name + "=")
		writeValue(text, row[name])
		text.WriteString(";")
	}
}

func writeValue(text *strings.Builder, value types.AttributeValue) {
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		text.WriteString(value.Value)
	case *types.AttributeValueMemberN:
		text.WriteString(value.Value)
	case *types.AttributeValueMemberB:
		text.Write(value.Value)
	case *types.AttributeValueMemberM:
		writeMap(text, value.Value)
	case *types.AttributeValueMemberL:
		for _, inner := range value.Value {
			writeValue(text, inner)
			text.WriteString(",")
		}
	default:
		fmt.Fprintf(text, "%v", value)
	}
}

// Of are the keys of the rows of an organization's default installation.
func (s Snapshot) Of(org string) []Key {
	return slices.DeleteFunc(slices.Clone(s.Keys), func(key Key) bool { return !belongsTo(key.PK, org) })
}

// belongsTo reports whether a partition key is that of the organization's default
// installation.
func belongsTo(pk, org string) bool {
	return pk == "org#"+(installation.Key{OrgKey: org, AppID: webextest.DefaultAppID}).Text()
}

// OfOrganization reports whether a partition key is that of one of the organization's
// installations.
func OfOrganization(pk, org string) bool { return strings.HasPrefix(pk, "org#"+org+"#") }

// Holds reports whether the table holds what a token asks for: as a candidate, or as the
// mark that the token was applied.
func (s Snapshot) Holds(org, tokenID string) bool {
	id := installation.Digest(tokenID)
	return slices.ContainsFunc(s.Of(org), func(row Key) bool { return row.SK == "candidate#"+id || row.SK == "used#"+id })
}

// NextDue is when the earliest of an organization's rows is due, if any is.
func (s Snapshot) NextDue(org string) (due time.Time, any bool) {
	for _, key := range s.Of(org) {
		if at := time.UnixMilli(key.DueAt); key.Queued() && (!any || at.Before(due)) {
			due, any = at, true
		}
	}
	return due, any
}

// Text is all of the table.
func (s Snapshot) Text() string {
	var all strings.Builder
	for _, pk := range slices.Sorted(maps.Keys(s.Rows)) {
		all.WriteString(s.Rows[pk])
	}
	return all.String()
}
