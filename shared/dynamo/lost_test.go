package dynamo_test

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/launch"
)

// forgetful loses the reply to every first attempt of a request, and calls between
// before the SDK's second one.
type forgetful struct{ between func() }

// Do implements [aws.HTTPClient].
func (f *forgetful) Do(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultClient.Do(r)
	if err != nil || r.Header.Get("Amz-Sdk-Request") != "attempt=1; max=3" {
		return response, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	if f.between != nil {
		f.between()
	}
	return nil, errors.Join(io.ErrUnexpectedEOF, err, response.Body.Close())
}

func forgetfulStore(t *testing.T) (forgets *dynamo.Store, sound *dynamo.Store, transport *forgetful) {
	t.Helper()
	client, table := dynamotest.New(t)
	transport = &forgetful{}
	cfg := dynamotest.Config(t)
	cfg.HTTPClient = transport
	return dynamo.New(dynamo.NewClient(cfg), table), dynamo.New(client, table), transport
}

// The SDK repeats a write whose reply was lost: the repetition must recognize the row
// that the first attempt wrote.
func TestRepeatedWritesRecognizeTheirOwn(t *testing.T) {
	t.Parallel()
	s, sound, _ := forgetfulStore(t)
	c := putCandidate(t, s, candidate(org, "c"))
	c = putCandidate(t, s, c)
	i := save(t, s, save(t, s, active(org)))
	if i.Version != 2 || c.Version != 2 {
		t.Errorf("versions %d and %d, want 2", i.Version, c.Version)
	}
	lease := installation.Lease{Owner: "me", Until: now.Add(time.Minute)}
	work, err := s.Claim(t.Context(), installation.Ref{Key: installationtest.Key(org)}, lease, now)
	wantError(t, err, nil)
	found, candidates := find(t, sound, org, now)
	if diff := cmp.Diff(&found, work.Installation) + cmp.Diff([]installation.Candidate{c}, candidates); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	wantError(t, s.DeleteCandidate(t.Context(), c), nil)
	found, err = s.Commit(t.Context(), found, mark(org, "m"), nil, now)
	wantError(t, err, nil)
	if found.Version != 4 {
		t.Errorf("version %d, want 4", found.Version)
	}
}

// A row that another worker wrote is a conflict, even with identical content.
func TestRepeatedWritesDetectOthers(t *testing.T) {
	t.Parallel()
	s, sound, transport := forgetfulStore(t)
	i, c := save(t, sound, active(org)), putCandidate(t, sound, candidate(org, "c"))
	save(t, sound, i)
	putCandidate(t, sound, c)
	_, err := s.Save(t.Context(), i)
	wantError(t, err, installation.ErrConflict)
	_, err = s.PutCandidate(t.Context(), c)
	wantError(t, err, installation.ErrConflict)
	lease := installation.NewLease("other", now)
	_, err = sound.Claim(t.Context(), installation.Ref{Key: installationtest.Key(org)}, lease, now)
	wantError(t, err, nil)
	_, err = s.Claim(t.Context(), installation.Ref{Key: installationtest.Key(org)}, installation.NewLease("me", now), now)
	wantError(t, err, installation.ErrConflict)

	// Another worker writes between the two attempts.
	transport.between = func() {
		transport.between = nil
		found, _ := find(t, sound, org, now)
		save(t, sound, found)
	}
	found, _ := find(t, sound, org, now)
	_, err = s.Save(t.Context(), found)
	wantError(t, err, installation.ErrConflict)
}

// A caller whose deletion of a launch is repeated still gets the launch.
func TestRepeatedTakeGetsTheLaunch(t *testing.T) {
	t.Parallel()
	s, sound, _ := forgetfulStore(t)
	save(t, sound, active(org))
	l := launch.Launch{ID: "l", Key: installationtest.Key(org), IssuedAt: now}
	wantError(t, s.Create(t.Context(), l, "us-west-2_r", mark(org, "m")), nil)
	got, _, err := s.Take(t.Context(), "l", now)
	wantError(t, err, nil)
	if got.ID != "l" {
		t.Errorf("got %+v", got)
	}
	_, _, err = s.Take(t.Context(), "l", now)
	wantError(t, err, launch.ErrUnknown)
}
