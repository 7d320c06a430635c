package dynamo

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/installation"
	"signpost/shared/invitation"
)

// invitationsPK holds all invitations, so that they can be listed without a scan.
const invitationsPK = "invitations"

// invitationRow is an [invitation.Invitation]; its id is its sort key.
type invitationRow struct {
	key
	writeRow
	Schema    int    `dynamodbav:"schema"`
	Version   int64  `dynamodbav:"version"`
	AppID     string `dynamodbav:"appId"`
	Private   bool   `dynamodbav:"private,omitempty"`
	Reference string `dynamodbav:"reference,omitempty"`
	Label     string `dynamodbav:"label,omitempty"`
	CreatedAt int64  `dynamodbav:"createdAt,omitempty"`
	Until     int64  `dynamodbav:"until,omitempty"`
	RevokedAt int64  `dynamodbav:"revokedAt,omitempty"`
	UsedAt    int64  `dynamodbav:"usedAt,omitempty"`
	UsedBy    string `dynamodbav:"usedBy,omitempty"`
	ExpiresAt int64  `dynamodbav:"expiresAt,omitempty"` // when the row may be deleted
}

func invitationKey(id string) key { return key{invitationsPK, id} }

func newInvitationRow(i invitation.Invitation) invitationRow {
	row := invitationRow{
		key: invitationKey(i.ID), writeRow: newWriteRow(), Schema: schema, Version: i.Version + 1,
		AppID: i.AppID, Private: i.Private, Reference: i.Reference, Label: i.Label,
		CreatedAt: millis(i.CreatedAt), Until: millis(i.ExpiresAt), RevokedAt: millis(i.RevokedAt), UsedAt: millis(i.UsedAt),
		ExpiresAt: expirySeconds(i.ForgetAt()),
	}
	if i.UsedBy != (installation.Key{}) {
		row.UsedBy = i.UsedBy.Text()
	}
	return row
}

func (r invitationRow) invitation() invitation.Invitation {
	i := invitation.Invitation{
		ID: r.SK, Version: r.Version, AppID: r.AppID, Private: r.Private, Reference: r.Reference, Label: r.Label,
		CreatedAt: instant(r.CreatedAt), ExpiresAt: instant(r.Until), RevokedAt: instant(r.RevokedAt), UsedAt: instant(r.UsedAt),
	}
	if r.UsedBy != "" {
		i.UsedBy = installation.ParseKey(r.UsedBy)
	}
	return i
}

// Invitation reads an invitation, strongly consistent; its version is 0 if there is none,
// or it may be forgotten at now.
func (s *Store) Invitation(ctx context.Context, id string, now time.Time) (invitation.Invitation, error) {
	row, err := find[invitationRow](ctx, s, invitationKey(id))
	if err != nil {
		return invitation.Invitation{}, fmt.Errorf("read invitation %s: %w", id, err)
	}
	if row == nil || hasExpired(row.ExpiresAt, now) {
		return invitation.Invitation{}, nil
	}
	return row.invitation(), nil
}

// Invitations lists all invitations that may not be forgotten at now, in no order,
// strongly consistent.
func (s *Store) Invitations(ctx context.Context, now time.Time) ([]invitation.Invitation, error) {
	var list []invitation.Invitation
	for item, err := range s.partition(ctx, invitationsPK, "") {
		var row invitationRow
		if err == nil {
			err = decode(item, &row)
		}
		if err != nil {
			return nil, fmt.Errorf("list invitations: %w", err)
		}
		if !hasExpired(row.ExpiresAt, now) {
			list = append(list, row.invitation())
		}
	}
	return list, nil
}

// SaveInvitation writes the row i, atomically, if its version is still the one that was
// read, and returns it as stored. It returns [installation.ErrConflict] otherwise.
func (s *Store) SaveInvitation(ctx context.Context, i invitation.Invitation) (invitation.Invitation, error) {
	row := newInvitationRow(i)
	if err := s.save(ctx, row, atVersion(i.Version)); err != nil {
		return invitation.Invitation{}, fmt.Errorf("save invitation %s: %w", i.ID, err)
	}
	return row.invitation(), nil
}

// useInvitation is the item of a transaction that uses an invitation up, on the condition
// that it is neither used nor revoked. It may have expired since the activation began.
func (s *Store) useInvitation(used installation.Used, now time.Time) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: s.table, Key: invitationKey(used.Invitation).item(),
		UpdateExpression:         aws.String("SET usedAt = :now, usedBy = :by ADD #version :one"),
		ConditionExpression:      aws.String("attribute_exists(pk) AND attribute_not_exists(usedAt) AND attribute_not_exists(revokedAt)"),
		ExpressionAttributeNames: map[string]string{"#version": "version"},
		ExpressionAttributeValues: values{
			":now": number(millis(now)), ":by": text(used.Key.Text()), ":one": number(1),
		},
	}}
}
