package dynamo_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"signpost/shared/channel"
	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
)

func channels(n int) channel.Document {
	return channel.Document{Channels: map[string]channel.Channel{
		"pilot": {Regions: []string{"us-west-2_r"}, Settings: map[string]string{"SIGNAGE_URL": fmt.Sprintf("https://%d.example.com/", n), "PWA_URL": ""}},
	}}
}

func TestChannelRevisions(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	current, err := s.CurrentChannels(t.Context())
	if err != nil || current != (channel.Current{}) {
		t.Fatalf("at first: %+v, %v", current, err)
	}
	if _, err := s.ChannelRevision(t.Context(), 1); !errors.Is(err, channel.ErrUnknownRevision) {
		t.Errorf("no revision: %v", err)
	}
	const all = channel.KeptRevisions + 2
	for n := range all {
		before := current
		if current, err = s.AddChannelRevision(t.Context(), applied(t, current), channels(n+1), now); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AddChannelRevision(t.Context(), applied(t, before), channels(0), now); !errors.Is(err, channel.ErrChanged) {
			t.Fatalf("two at once: %v", err)
		}
	}
	if stored, err := s.CurrentChannels(t.Context()); err != nil || stored != current || stored.Revision != all {
		t.Errorf("current is %+v, %v", stored, err)
	}
	list, err := s.ChannelRevisions(t.Context())
	if err != nil || len(list) != channel.KeptRevisions || list[0].Number != all || list[len(list)-1].Number != 3 {
		t.Fatalf("%d revisions kept, %v", len(list), err)
	}
	one, err := s.ChannelRevision(t.Context(), all)
	if err != nil || !one.CreatedAt.Equal(now) {
		t.Errorf("%+v, %v", one, err)
	}
	if diff := cmp.Diff(channels(all), one.Document); diff != "" {
		t.Errorf("(-stored +read):\n%s", diff)
	}

	back := current
	back.Revision = 7
	if current, err = s.SaveCurrentChannels(t.Context(), back); err != nil || current.Revision != 7 || current.Version != back.Version+1 {
		t.Errorf("%+v, %v", current, err)
	}
	if _, err := s.SaveCurrentChannels(t.Context(), back); !errors.Is(err, channel.ErrChanged) {
		t.Errorf("a stale write: %v", err)
	}
}

func applied(t *testing.T, c channel.Current) channel.Current {
	t.Helper()
	next, err := c.Apply()
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// A rollout comes back with every field, times in milliseconds and the hold in seconds.
func TestRolloutKeepsEveryField(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	want := channel.Current{Revision: 3, Latest: 4, Rollout: new(channel.Rollout)}
	*want.Rollout = filled[channel.Rollout](t)
	want.Rollout.Hold = time.Hour
	stored, err := s.AddChannelRevision(t.Context(), want, channels(4), now)
	if err != nil {
		t.Fatal(err)
	}
	want.Version = 1
	read, err := s.CurrentChannels(t.Context())
	if diff := cmp.Diff(want, read); err != nil || diff != "" || !cmp.Equal(stored, read) {
		t.Errorf("%v (-want +read):\n%s", err, diff)
	}
}

// TestNoticesAreStoredOnce: the event of a halted rollout, and of refusals, is beside the row
// for readers of the stream, until the next write.
func TestNoticesAreStoredOnce(t *testing.T) {
	t.Parallel()
	client, table := dynamotest.New(t)
	s := dynamo.New(client, table)
	event := func(pk, sk string) string {
		t.Helper()
		got, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: &table, ConsistentRead: aws.Bool(true), Key: map[string]types.AttributeValue{
			"pk": &types.AttributeValueMemberS{Value: pk}, "sk": &types.AttributeValueMemberS{Value: sk},
		}})
		if err != nil {
			t.Fatal(err)
		}
		notice, _ := got.Item["notice"].(*types.AttributeValueMemberS)
		detail, _ := got.Item["event"].(*types.AttributeValueMemberS)
		if notice == nil || detail == nil {
			return ""
		}
		return notice.Value + " " + detail.Value
	}
	started, err := channel.Current{}.Start(channel.Plan{Stages: []installation.Stage{{Share: 1}}}, now)
	if err != nil {
		t.Fatal(err)
	}
	halted := started.Advance(channel.Progress{Done: 1, Failed: 2}, true, now)
	if halted, err = s.SaveCurrentChannels(t.Context(), halted); err != nil || halted.Notice != "" {
		t.Fatalf("%+v, %v", halted, err)
	}
	if got := event("channels", "current"); !strings.HasPrefix(got, `rollout.halted {"revision":1,"state":"halted"`) || !strings.Contains(got, `"failed":2`) {
		t.Errorf("a halted rollout: %s", got)
	}
	if _, err := s.SaveCurrentChannels(t.Context(), halted); err != nil || event("channels", "current") != "" {
		t.Errorf("the next write repeats the event: %v", err)
	}

	refusals := installation.Refusals{ClientID: "C1"}
	for n, org := range []string{"a", "b", "c", "d"} {
		refusals, _ = refusals.Add(org)
		if refusals, err = s.SaveRefusals(t.Context(), refusals); err != nil {
			t.Fatal(err)
		}
		want := ""
		if n == 2 { // the first that is suspected
			want = `integration.refused {"clientId":"C1","organizations":["a","b","c"]}`
		}
		if got := event("refusals#C1", "refusals"); got != want {
			t.Errorf("after refusal %d: %q", n+1, got)
		}
	}
}
