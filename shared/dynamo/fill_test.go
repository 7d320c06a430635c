package dynamo_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/shared/installation"
	"signpost/shared/secret"
)

// filler sets every field of a value to a distinct value that is not zero, so that a
// field that the store drops comes back different.
type filler struct{ n int }

func (f *filler) fill(t *testing.T, v reflect.Value) {
	f.n++
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(now.Add(time.Duration(f.n) * (time.Hour + time.Millisecond))))
		return
	}
	if v.Type() == reflect.TypeFor[secret.String]() {
		v.Set(reflect.ValueOf(secret.New(fmt.Sprintf("secret %d", f.n))))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d", f.n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(f.n))
	case reflect.Uint8:
		v.SetUint(uint64(f.n % 256))
	case reflect.Float64:
		v.SetFloat(float64(f.n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Struct:
		for n := range v.NumField() {
			f.fill(t, v.Field(n))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for n := range v.Len() {
			f.fill(t, v.Index(n))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			name, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			f.fill(t, name)
			f.fill(t, value)
			v.SetMapIndex(name, value)
		}
	case reflect.Interface: // Unknown, which is not the caller's
	default:
		t.Fatalf("cannot fill a %s: teach this test", v.Type())
	}
}

func filled[T any](t *testing.T) T {
	t.Helper()
	var value T
	(&filler{}).fill(t, reflect.ValueOf(&value).Elem())
	return value
}

func TestInstallationKeepsEveryField(t *testing.T) {
	tests := map[installation.State]time.Time{ // and what becomes of ForgetAt
		installation.Removed:      now.Add(200 * time.Hour),
		installation.Active:       {},
		installation.TokenInvalid: {},
	}
	for state, forgetAt := range tests {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			want := filled[installation.Installation](t)
			want.State, want.Version, want.ForgetAt = state, 0, now.Add(200*time.Hour)
			saved := save(t, s, want)
			want.Version, want.ForgetAt, want.Notice, want.Event = 1, forgetAt, "", ""
			if diff := cmp.Diff(want, saved); diff != "" {
				t.Errorf("saved (-want +got):\n%s", diff)
			}
			found, _ := findKey(t, s, want.Key, now)
			if diff := cmp.Diff(want, found); diff != "" {
				t.Errorf("found (-want +got):\n%s", diff)
			}
			if found.Tokens.Refresh == nil || found.Features == nil {
				t.Error("the filler left something out")
			}
		})
	}
}

func TestCandidateKeepsEveryField(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	want := filled[installation.Candidate](t)
	want.Version, want.ForgetAt = 0, now.Add(installation.CandidateLife)
	saved := putCandidate(t, s, want)
	want.Version = 1
	if diff := cmp.Diff(want, saved); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
	_, found := findKey(t, s, want.Key, now)
	if diff := cmp.Diff([]installation.Candidate{want}, found); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}

// The result of a transition comes back unchanged, nil and empty maps included.
func TestEmptyRowsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	promoted, err := candidate(org, "c").Promote(installation.Installation{})
	noError(t, err)
	removed := tombstone("removed", now.Add(time.Hour))
	for _, want := range []installation.Installation{promoted, removed} {
		want = save(t, s, want)
		found, _ := findKey(t, s, want.Key, now)
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("%s (-want +got):\n%s", want.State, diff)
		}
		if (want.Features == nil) != (want.State == installation.Removed) {
			t.Errorf("%s: features = %v", want.State, want.Features)
		}
	}
}

func TestFindNothing(t *testing.T) {
	t.Parallel()
	found, candidates := find(t, newStore(t), org, now)
	if diff := cmp.Diff(installation.Installation{}, found); diff != "" || candidates != nil {
		t.Errorf("found %v and %v", diff, candidates)
	}
}
