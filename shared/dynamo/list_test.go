package dynamo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/installation"
)

// An unreadable row is named, and the others are listed.
func TestInstallationsListsPastAnUnreadableRow(t *testing.T) {
	t.Parallel()
	s, raw := newRows(t)
	for _, orgKey := range []string{"o0", org, "o2"} {
		save(t, s, active(orgKey))
	}
	raw.add("installation", "schema", &types.AttributeValueMemberN{Value: "99"})
	read := 0
	var unread []error
	for row, err := range s.Installations(t.Context()) {
		if err != nil {
			unread = append(unread, err)
		} else if row.Exists() {
			read++
		}
	}
	if read != 2 || len(unread) != 1 || !strings.Contains(unread[0].Error(), org) {
		t.Errorf("read %d, unread %v", read, unread)
	}
}

func TestInstallationsListsNothingElse(t *testing.T) {
	s := newStore(t)
	for n := range 5 {
		save(t, s, active(fmt.Sprint("o", n)))
	}
	putCandidate(t, s, candidate("o1", "c"))
	seen := map[string]bool{}
	for row, err := range s.Installations(t.Context()) {
		noError(t, err)
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

// Rows lists the rows that hold tokens: no marks, launches or chunks.
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
