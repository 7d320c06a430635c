package dynamo_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/shared/dynamo"
	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/launch"
	"signpost/shared/secret"
	"signpost/shared/webex"
)

const region = "us-west-2_r" // where active installations live

func newLaunch(orgKey string, devices ...launch.Device) launch.Launch {
	return launch.Launch{
		ID: secret.CodeID(secret.NewCode()), Key: installationtest.Key(orgKey), OrgID: "sub",
		Feature: webex.DigitalSignage, Task: webex.AssignContent, Devices: devices, IssuedAt: now.Add(7 * time.Millisecond),
	}
}

// randomDevices have ids and names that hardly compress; every third has no
// name.
func randomDevices(n, idLength, nameLength int) []launch.Device {
	text := dynamo.RandomTexts(byte(n))
	devices := make([]launch.Device, n)
	for i := range devices {
		devices[i].DeviceID = text(idLength)
		if i%3 != 2 {
			devices[i].DisplayName = text(nameLength)
		}
	}
	return devices
}

// twoChunks need a further chunk beside the head's.
func twoChunks() []launch.Device { return randomDevices(600, 512, 512) }

func create(t *testing.T, s *dynamo.Store, l launch.Launch) {
	t.Helper()
	noError(t, s.Create(t.Context(), l, region, mark(l.OrgKey, l.ID)))
}

func TestLaunchRoundTrip(t *testing.T) {
	tests := map[string][]launch.Device{
		"none":                 nil,
		"empty list":           {},
		"three":                randomDevices(3, 80, 25),
		"duplicates":           slices.Repeat(randomDevices(2, 80, 25), 3),
		"any characters":       {{DeviceID: "a\"\\<>&\u2028#/", DisplayName: "会議室 🪧 \x7f"}},
		"forty":                randomDevices(40, 80, 25),
		"two chunks":           twoChunks(),
		"ten thousand":         randomDevices(launch.MaxDevices, 80, 25),
		"ten thousand, longer": randomDevices(launch.MaxDevices, 400, 50),
		"ten thousand alike":   slices.Repeat([]launch.Device{{DeviceID: strings.Repeat("x", 512), DisplayName: strings.Repeat("y", 512)}}, launch.MaxDevices),
	}
	for name, devices := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, ops := countingStore(t)
			save(t, s, active(org))
			want := newLaunch(org, devices...)
			ops.reset()
			started := time.Now()
			create(t, s, want)
			if ops.total() != 1 || ops.count("TransactWriteItems") != 1 {
				t.Errorf("requests to create: %v", ops)
			}
			t.Logf("%d devices: %d bytes in one request, %v", len(devices), ops.bytes, time.Since(started))

			ops.reset()
			got, of, err := s.Take(t.Context(), want.ID, now)
			if err != nil || of.OrgName != "name of "+org {
				t.Fatalf("take: %q, %v", of.OrgName, err)
			}
			if !slices.Equal(got.Devices, want.Devices) || got.Devices == nil {
				t.Errorf("other devices came back than the %d that went", len(want.Devices))
			}
			got.Devices, want.Devices = nil, nil
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("taken (-want +got):\n%s", diff)
			}
			if ops.count("GetItem") != 1 || ops.count("BatchGetItem") != 1 || ops.total() != 3 {
				t.Errorf("requests to take: %v", ops)
			}
			_, _, err = s.Take(t.Context(), want.ID, now)
			wantError(t, err, launch.ErrUnknown)
		})
	}
}

func TestTooManyDevices(t *testing.T) {
	t.Parallel()
	s, ops := countingStore(t)
	save(t, s, active(org))
	ops.reset()
	l := newLaunch(org, randomDevices(launch.MaxDevices, 512, 512)...)
	wantError(t, s.Create(t.Context(), l, region, mark(org, "m")), launch.ErrTooManyDevices)
	if ops.total() != 0 || isUsed(t, s, org, "m", now) {
		t.Errorf("requests: %v", ops)
	}
}

func TestCreateIsConditional(t *testing.T) {
	here, invalid, removed, elsewhere := active(org), active(org), tombstone(org, now.Add(time.Hour)), active(org)
	invalid.State, removed.Region, elsewhere.Region = installation.TokenInvalid, region, "eu-central-1_k"
	tests := map[string]struct {
		stored []installation.Installation // one after the other
		used   string
		want   error
	}{
		"active":                 {[]installation.Installation{here}, "new", nil},
		"token_invalid":          {[]installation.Installation{invalid}, "new", nil},
		"unknown":                {nil, "new", installation.ErrNotFound},
		"removed":                {[]installation.Installation{here, removed}, "new", installation.ErrNotFound},
		"elsewhere":              {[]installation.Installation{elsewhere}, "new", installation.ErrWrongRegion},
		"replayed":               {[]installation.Installation{here}, "seen", installation.ErrReplayed},
		"removed and replayed":   {[]installation.Installation{here, removed}, "seen", installation.ErrNotFound},
		"elsewhere and replayed": {[]installation.Installation{elsewhere}, "seen", installation.ErrWrongRegion},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, ops := countingStore(t)
			for n, i := range test.stored {
				i.Version = int64(n)
				save(t, s, i)
			}
			if found, _ := find(t, s, org, now); test.used == "seen" {
				commit(t, s, found, mark(org, "seen"))
			}
			l := newLaunch(org, randomDevices(3, 80, 25)...)
			ops.reset()
			err := s.Create(t.Context(), l, region, mark(org, test.used))
			wantError(t, err, test.want)
			if ops.total() != 1 {
				t.Errorf("requests: %v", ops)
			}
			if test.want == nil {
				return
			}
			if !strings.Contains(err.Error(), org) {
				t.Errorf("error does not name the organization: %v", err)
			}
			_, _, err = s.Take(t.Context(), l.ID, now)
			wantError(t, err, launch.ErrUnknown)
			if isUsed(t, s, org, "new", now) {
				t.Error("a refused launch left its mark")
			}
		})
	}
}

func TestLaunchMarkExpires(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	save(t, s, active(org))
	used := mark(org, "m")
	for _, test := range []struct {
		at   time.Time
		want error
	}{
		{now, nil},
		{used.Until.Add(-time.Millisecond), installation.ErrReplayed},
		{used.Until, nil},
	} {
		l := newLaunch(org)
		l.IssuedAt = test.at
		wantError(t, s.Create(t.Context(), l, region, installation.Used{Key: installationtest.Key(org), ID: "m", Until: test.at.Add(6 * time.Minute)}), test.want)
	}
}

func TestTake(t *testing.T) {
	issued := newLaunch(org).IssuedAt
	tests := map[string]struct {
		at     time.Time
		change func(*installation.Installation)
		want   error
	}{
		"at once":     {issued, nil, nil},
		"just before": {issued.Add(launch.Life - time.Nanosecond), nil, nil},
		"too late":    {issued.Add(launch.Life), nil, launch.ErrUnknown},
		"token_invalid": {issued, func(i *installation.Installation) {
			*i = i.Invalidate("w", now)
		}, nil},
		"moved":   {issued, func(i *installation.Installation) { i.Region = "eu-central-1_k" }, nil},
		"removed": {issued, func(i *installation.Installation) { *i = i.Expire(now) }, launch.ErrUnknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			i := save(t, s, active(org))
			l := newLaunch(org, randomDevices(3, 80, 25)...)
			create(t, s, l)
			if test.change != nil {
				test.change(&i)
				save(t, s, i)
			}
			got, _, err := s.Take(t.Context(), l.ID, test.at)
			wantError(t, err, test.want)
			if test.want != nil && got.Devices != nil {
				t.Errorf("gave %v", got)
			}
		})
	}
	_, _, err := newStore(t).Take(t.Context(), secret.CodeID(secret.NewCode()), now)
	wantError(t, err, launch.ErrUnknown)
}

// TestTakeWelcome: the launch of an activation lives for longer, and says more.
func TestTakeWelcome(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	i := active(org)
	i.Scopes, i.Reference = []string{"spark:a"}, "4711"
	save(t, s, i)
	want := launch.Customer{
		OrgName: i.OrgName, Reference: "4711", Region: i.Region, Scopes: i.Scopes,
		Features: map[webex.Feature]installation.FeatureView{},
	}
	for name, feature := range i.Features {
		want.Features[name] = feature.View()
	}
	for at, taken := range map[time.Duration]error{launch.WelcomeLife - time.Nanosecond: nil, launch.WelcomeLife: launch.ErrUnknown} {
		welcome := launch.Launch{ID: secret.CodeID(secret.NewCode()), Key: i.Key, OrgID: "sub", Task: launch.Welcome, UserID: "u", Devices: []launch.Device{}, IssuedAt: now}
		noError(t, s.SaveLaunch(t.Context(), welcome))
		got, of, err := s.Take(t.Context(), welcome.ID, now.Add(at))
		wantError(t, err, taken)
		if taken == nil {
			if diff := cmp.Diff(welcome, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, of); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	}
}
