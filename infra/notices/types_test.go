package notices_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"signpost/infra/notices"
	"signpost/infra/notices/noticestest"
	"signpost/shared/installation"
	"signpost/shared/webex"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// announcements are the writes that announce something of an installation, by detail type.
var announcements = map[installation.Notice]func(installation.Installation) installation.Installation{
	installation.NoticeActivated: func(i installation.Installation) installation.Installation {
		i.Notice = installation.NoticeActivated
		return i
	},
	installation.NoticeUpdated: func(i installation.Installation) installation.Installation {
		i, _ = i.Change(installation.Change{IssuedAt: now})
		return i
	},
	installation.NoticeRemoved: func(i installation.Installation) installation.Installation {
		i, _ = i.Remove(now, now)
		return i
	},
	installation.NoticeTokenInvalid: func(i installation.Installation) installation.Installation {
		return i.Invalidate("w", now)
	},
	installation.NoticeUnavailable: func(i installation.Installation) installation.Installation {
		i.App = installation.AppCheck{Difference: "digital_signage is approved, its address unknown", Since: now}
		i.Notice = installation.NoticeUnavailable
		return i
	},
	installation.NoticeFailing: func(i installation.Installation) installation.Installation {
		i.Schedule.FailingSince = now.Add(-installation.FailingAfter)
		return i.Notify(now)
	},
	installation.NoticeRecovered: func(i installation.Installation) installation.Installation {
		i.Schedule.FailingNotified = true
		return i.Notify(now)
	},
}

// TestEachTypeIsAsItsSchema: what each write announces is as the schema of its detail type
// describes it, and no type is without a sample.
func TestEachTypeIsAsItsSchema(t *testing.T) {
	seen := map[string]bool{}
	for notice, announce := range announcements {
		event := pipe(t, announce(active()))
		if event.DetailType != string(notice) {
			t.Errorf("%s announces %q", notice, event.DetailType)
		}
		if err := noticestest.Validate(schemas, event); err != nil {
			t.Error(err)
		}
		seen[event.DetailType] = true
	}
	for _, sample := range samples {
		event, _, _ := notices.Pipe(record(t, sample.record))
		seen[event.DetailType] = true
	}
	files, err := os.ReadDir(schemas)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := strings.TrimSuffix(file.Name(), ".json"); name != "installation" && !seen[name] {
			t.Errorf("no event %s was held to its schema, only %v", name, slices.Sorted(maps.Keys(seen)))
		}
	}
}

const schemas = "../docs/schemas"

// active is an installation as it is stored.
func active() installation.Installation {
	return installation.Installation{
		Key:       installation.Key{OrgKey: "o", AppID: "app"},
		Statement: installation.Statement{Subject: "sub", OrgName: "Acme", Region: "us-west-2_r", Scopes: []string{"a"}, ManifestVersion: 2},
		State:     installation.Active, Generation: "g", ActivatedAt: now.Add(-time.Hour), LastActionAt: now.Add(-time.Hour),
		Features: map[webex.Feature]installation.Feature{webex.DigitalSignage: {Endpoint: "e", Status: installation.InSync, PushedAt: now}},
		Schedule: installation.Schedule{VerifiedAt: now},
	}
}

// pipe returns the event of a write over an active row.
func pipe(t *testing.T, i installation.Installation) notices.Event {
	t.Helper()
	i = i.Announce("default", 3, now)
	event, ok, err := notices.Pipe(record(t, `{"eventName":"MODIFY","dynamodb":{"Keys":{"pk":{"S":"org#o#app"},"sk":{"S":"installation"}},
		"NewImage":{"notice":{"S":`+quoted(string(i.Notice))+`},"event":{"S":`+quoted(i.Event)+`},"version":{"N":"3"}},
		"OldImage":{"state":{"S":"active"},"features":{"M":{"digital_signage":{"M":{"status":{"S":"in_sync"}}}}}}}}`))
	if err != nil || !ok {
		t.Fatalf("no event of %q: %v", i.Notice, err)
	}
	return event
}
