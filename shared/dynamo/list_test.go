package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
)

// One row that this version cannot read hides none of the others, and is named.
func TestInstallationsGoesOnAfterARowThatItCannotRead(t *testing.T) {
	t.Parallel()
	client, table := dynamotest.New(t)
	s := dynamo.New(client, table)
	for n := range 3 {
		save(t, s, active(fmt.Sprint("o", n)))
	}
	if _, err := client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: &table, Key: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: "org#o1"}, "sk": &types.AttributeValueMemberS{Value: "installation"},
		},
		UpdateExpression:          aws.String("SET #s = :later"),
		ExpressionAttributeNames:  map[string]string{"#s": "schema"},
		ExpressionAttributeValues: map[string]types.AttributeValue{":later": &types.AttributeValueMemberN{Value: "99"}},
	}); err != nil {
		t.Fatal(err)
	}
	read := 0
	var unread []error
	for row, err := range s.Installations(t.Context()) {
		if err != nil {
			unread = append(unread, err)
		} else if row.Exists() {
			read++
		}
	}
	if read != 2 || len(unread) != 1 || !strings.Contains(unread[0].Error(), "o1") {
		t.Errorf("read %d, unread %v", read, unread)
	}
}

func TestInstallationsListsJustThese(t *testing.T) {
	s := newStore(t)
	for n := range 5 {
		save(t, s, active(fmt.Sprint("o", n)))
	}
	if _, err := s.PutCandidate(t.Context(), candidate("o1", "c")); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for row, err := range s.Installations(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if row.State != installation.Active || seen[row.OrgKey] {
			t.Errorf("row = %+v", row)
		}
		seen[row.OrgKey] = true
	}
	if len(seen) != 5 {
		t.Errorf("listed %v", seen)
	}
	for range s.Installations(t.Context()) {
		break // ends early without harm
	}
	for _, err := range s.Installations(canceled(t)) {
		if err == nil || errors.Is(err, installation.ErrNotFound) {
			t.Errorf("error = %v", err)
		}
	}
}

// Rows are what holds tokens: no marks, launches or chunks.
func TestRows(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	save(t, s, active("o1"))
	save(t, s, active("o2"))
	putCandidate(t, s, candidate("o1", "c1"))
	putCandidate(t, s, candidate("new", "c2"))
	create(t, s, newLaunch("o1", twoChunks()...))
	installations, candidates := 0, 0
	for work, err := range s.Rows(t.Context()) {
		switch {
		case err != nil:
			t.Fatal(err)
		case work.Candidate != nil:
			candidates++
		default:
			installations++
		}
	}
	if installations != 2 || candidates != 2 {
		t.Errorf("%d installations, %d candidates", installations, candidates)
	}
	for _, err := range s.Rows(canceled(t)) {
		if err == nil {
			t.Error("no error")
		}
	}
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
