package dynamo_test

import (
	"slices"
	"strings"
	"testing"

	"signpost/shared/installation"
	"signpost/shared/launch"
)

// hostileKeys are organizations' keys that resemble parts of rows' keys or each other.
var hostileKeys = []string{
	"a", "A", " a", "a ", "a#", "#a", "#", "##", "", "a#b", "a#installation", "a#candidate#c", "a#used#m",
	"installation", "candidate#c", "used#m", "org#", "org#a", "launch#", "launch#a", "launch#a#1", "chunk",
	"é", "e\u0301", "ａ", "а", "\u200ba", "\u202ea", "𝕏", "\U0010FFFD", "\uFFFD", "会議",
	`"a"`, `\`, `\u0061`, "%61", "a/b", "../a", ":pk", "#state", "a\u2028b", "$(deviceId)", "{}", "null",
	strings.Repeat("界", 341), strings.Repeat("界", 341) + "a", strings.Repeat("a", 1024), strings.Repeat("a", 1023),
}

func TestHostileOrganizationsStayApart(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	launches := map[string]launch.Launch{}
	for _, orgKey := range hostileKeys {
		i := commit(t, s, active(orgKey), mark(orgKey, "m"))
		putCandidate(t, s, candidate(orgKey, "c"))
		launches[orgKey] = newLaunch(orgKey, launch.Device{DeviceID: "device of " + orgKey})
		create(t, s, launches[orgKey])
		if i.Version != 1 {
			t.Errorf("%q was there already", orgKey)
		}
	}
	for _, orgKey := range hostileKeys {
		found, candidates := find(t, s, orgKey, now)
		if found.OrgKey != orgKey || found.OrgName != "name of "+orgKey || len(candidates) != 1 || candidates[0].OrgKey != orgKey {
			t.Errorf("%q: found %v and %v", orgKey, found, candidates)
		}
		taken, of, err := s.Take(t.Context(), launches[orgKey].ID, now)
		if err != nil || taken.OrgKey != orgKey || of.OrgName != found.OrgName || taken.Devices[0].DeviceID != "device of "+orgKey {
			t.Errorf("%q: took %v of %q: %v", orgKey, taken, of.OrgName, err)
		}
	}
	due := allDue(t, s, now, 7)
	if len(due) != 2*len(hostileKeys) {
		t.Errorf("%d rows are due, want %d", len(due), 2*len(hostileKeys))
	}
	for _, ref := range due {
		work, err := s.Claim(t.Context(), ref, installation.NewLease("me", now), now)
		if err != nil || !slices.Contains(hostileKeys, ref.OrgKey) {
			t.Errorf("%q: claim: %v", ref.OrgKey, err)
			continue
		}
		if (work.Candidate != nil) != (ref.Candidate == "c") {
			t.Errorf("%v: claimed %v", ref, work)
		}
	}
}

// An id that is no digest reads neither a chunk nor an installation.
func TestHostileLaunchIDs(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	save(t, s, active(org))
	l := newLaunch(org, twoChunks()...)
	create(t, s, l)
	for _, id := range []string{"", "#", l.ID + "#1", l.ID + "#", l.ID[:len(l.ID)-1], "../" + l.ID, strings.ToUpper(l.ID), strings.Repeat("a", 1024)} {
		_, _, err := s.Take(t.Context(), id, now)
		wantError(t, err, launch.ErrUnknown)
	}
	if _, _, err := s.Take(t.Context(), l.ID, now); err != nil {
		t.Error(err)
	}
}
