package model_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"signpost/shared/dynamo"
	"signpost/shared/dynamo/dynamotest"
	"signpost/shared/installation"
	"signpost/shared/installation/installationtest"
	"signpost/shared/lifecycle"
	"signpost/shared/secret"
	"signpost/shared/secret/sealing"
	"signpost/shared/webex"
	"signpost/shared/webex/webextest"
)

const (
	// processes and workersEach make the 64 workers that want one token.
	processes   = 4
	workersEach = 16
	// outwait bounds the test where somebody does not answer.
	outwait = 25 * time.Second

	// found and well are what a worker says: it has seen that there is no good
	// access token, and it was served all the same.
	found = "found"
	well  = "well"
)

// workerVariable holds, in the environment of a process of workers, its job.
const workerVariable = "MODEL_TEST_WORKER"

// job is what a process of workers is to know.
type job struct {
	Endpoint, Table, Subject, Region, ClientID, ClientSecret string
	Keyset                                                   []byte
}

// jobKeys are a job's secrets.
type jobKeys struct {
	client webex.Credentials
	sealer *sealing.Keyset
}

func (k jobKeys) Client(context.Context, installation.Key) (webex.Credentials, error) {
	return k.client, nil
}
func (jobKeys) Prove(context.Context, installation.Key, webex.Credentials) error { return nil }
func (k jobKeys) Sealer(context.Context) (lifecycle.Sealer, error)               { return k.sealer, nil }

// service is one worker's, over a store that may be watched.
func (j job) service(watch func(lifecycle.Store) lifecycle.Store) (*lifecycle.Service, error) {
	sealer, err := sealing.Parse(j.Keyset)
	if err != nil {
		return nil, err
	}
	store := dynamo.New(dynamo.NewClient(aws.Config{
		Region: "us-east-1", BaseEndpoint: &j.Endpoint, Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}), j.Table)
	settings := lifecycle.Settings{
		ClientID: j.ClientID, VerifyInterval: time.Hour,
		Provided: map[webex.Feature]lifecycle.Content{webex.DigitalSignage: {DeviceURL: signage}, webex.PersistentWebApp: {DeviceURL: webApp}},
	}
	keys := jobKeys{webex.Credentials{ClientID: j.ClientID, ClientSecret: secret.New(j.ClientSecret)}, sealer}
	return lifecycle.New(watch(store), webex.NewClient(http.DefaultTransport), keys, settings, time.Now, slog.New(slog.DiscardHandler))
}

// announcing tells, once, that its worker has read the row.
type announcing struct {
	lifecycle.Store
	once *sync.Once
	say  func(string)
}

func (s announcing) Find(ctx context.Context, key installation.Key, now time.Time) (installation.Installation, []installation.Candidate, error) {
	row, candidates, err := s.Store.Find(ctx, key, now)
	if err == nil && !row.Tokens.AccessExpiresAt.After(now) {
		s.once.Do(func() { s.say(found) })
	}
	return row, candidates, err
}

// workerMain is a process of workers: it says what each of them meets.
func workerMain() int {
	var j job
	if err := json.Unmarshal([]byte(os.Getenv(workerVariable)), &j); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var mu sync.Mutex
	say := func(line string) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Println(line)
	}
	var wait sync.WaitGroup
	for range workersEach {
		wait.Go(func() { say(j.work(say)) })
	}
	wait.Wait()
	return 0
}

// work is one worker, who checks health; it returns how it fared.
func (j job) work(say func(string)) string {
	ctx, cancel := context.WithTimeout(context.Background(), outwait)
	defer cancel()
	service, err := j.service(func(store lifecycle.Store) lifecycle.Store { return announcing{store, new(sync.Once), say} })
	if err != nil {
		return err.Error()
	}
	health, err := service.CheckHealth(ctx, webex.Token{Claims: webex.Claims{Subject: j.Subject, AppID: webextest.DefaultAppID, Action: webex.HealthCheck}, KeyRegion: j.Region})
	if err != nil || health.OperationalState != lifecycle.Operational {
		return fmt.Sprintf("health is %+v, %v", health, err)
	}
	return well
}

// TestOneTokenRequestOfManyProcesses: 64 workers in several processes need an
// access token of one installation. Webex does not answer the first who asks
// before all have seen that there is none; nobody else asks, and all succeed.
func TestOneTokenRequestOfManyProcesses(t *testing.T) {
	cloud, j := lapsed(t)
	allFound := make(chan struct{})
	cloud.OnRequest(func(r webextest.Request) {
		if r.Kind != webextest.KindToken {
			return
		}
		select {
		case <-allFound:
		case <-time.After(outwait):
		}
	})
	lines := make(chan string)
	for range processes {
		begin(t, j, lines)
	}
	count := map[string]int{}
	for range 2 * processes * workersEach {
		select {
		case line := <-lines:
			if count[line]++; line == found && count[found] == processes*workersEach {
				close(allFound)
			}
		case <-time.After(2 * outwait):
			t.Fatalf("the workers say no more than %v", count)
		}
	}
	if want := processes * workersEach; count[found] != want || count[well] != want {
		t.Errorf("the workers say %v, want each of them %s and %s", count, found, well)
	}
	if got := cloud.Count(webextest.KindToken, ""); got != 1 {
		t.Errorf("%d token requests by %d workers in %d processes, want 1", got, processes*workersEach, processes)
	}
	t.Logf("%d workers in %d processes: %d token request", processes*workersEach, processes, cloud.Count(webextest.KindToken, ""))
}

// lapsed is an installation in the table whose access token is good no more,
// and what its workers are to know.
func lapsed(t *testing.T) (*webextest.Cloud, job) {
	t.Helper()
	cloud := webextest.NewServer(t, webextest.Options{})
	cloud.SetRotateRefreshTokens(true)
	org := cloud.AddOrganization("Acme", home)
	_, table := dynamotest.New(t)
	j := job{
		Endpoint: *dynamotest.Config(t).BaseEndpoint, Table: table, Subject: org.Sub(), Region: home,
		ClientID: cloud.ClientID(), ClientSecret: cloud.ClientSecret(), Keyset: must(sealing.NewDocument()),
	}
	var store lifecycle.Store
	service := must(j.service(func(s lifecycle.Store) lifecycle.Store { store = s; return s }))
	urls := must(webex.KeySetURLs(webex.DefaultRegions, cloud.JWKSURLs()))
	verifier := must(webex.NewVerifier(webex.OneApp(cloud.AppID()), webex.NewKeySets(urls, http.DefaultTransport, time.Now), must(webex.ParseHosts("127.0.0.1", true)), time.Now))
	token := must(verifier.Verify(t.Context(), must(cloud.MintActivation(org.ID())), webex.Provision))
	_ = must(service.Activate(t.Context(), token, base))
	row, _, err := store.Find(t.Context(), installationtest.Key(org.ID()), time.Now())
	row.Tokens.AccessExpiresAt = time.Now().Add(-time.Hour)
	if _, saveErr := store.Save(t.Context(), row); err != nil || saveErr != nil {
		t.Fatal(errors.Join(err, saveErr))
	}
	cloud.RevokeAccessTokens(org.ID())
	cloud.ResetRequests()
	return cloud, j
}

// begin starts a process of workers, whose lines it sends.
func begin(t *testing.T, j job, lines chan<- string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), must(os.Executable()))
	command.Env = append(os.Environ(), workerVariable+"="+string(must(json.Marshal(j))))
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Wait() }) // killed at the latest when the test ends
	go pass(t.Context(), output, lines)
}

func pass(ctx context.Context, from io.Reader, lines chan<- string) {
	for scanner := bufio.NewScanner(from); scanner.Scan(); {
		select {
		case lines <- scanner.Text():
		case <-ctx.Done():
			return
		}
	}
}
