package attack_test

import (
	"encoding/json"
	"os"
	"testing"

	"signpost/infra/local/stack"
	"signpost/infra/tests/customer"
)

// hosts are Webex's own and the simulator's.
const hosts = "127.0.0.1,webexapis.com,*.webexapis.com,*.wbx2.com,*.ciscospark.com"

// The regions of the tests. The tests hold the keys of the first.
const (
	ours  = customer.Europe
	west  = customer.West
	east  = customer.East
	cloud = customer.TestCloud // not trusted
)

// target is the deployment that most tests attack, one after the other.
var target *stack.Stack

// keys are the keys of the region ours.
var keys *keyServer

func TestMain(m *testing.M) {
	os.Exit(customer.Main(m, &target, func(folder string) (s *stack.Stack, err error) {
		if keys, err = newKeyServer(); err != nil {
			return nil, err
		}
		if s, err = customer.Start(folder, map[string]string{"WEBEX_HOSTS": hosts}); err != nil {
			return nil, err
		}
		return s, useKeys(s)
	}))
}

// useKeys has the functions fetch the key set of the region ours from keys.
func useKeys(s *stack.Stack) error {
	urls := s.Webex().JWKSURLs()
	urls[ours] = keys.server.URL
	text, err := json.Marshal(urls)
	if err != nil {
		return err
	}
	s.SetEnvironment(map[string]string{"WEBEX_JWKS_URLS": string(text)})
	return nil
}

// otherStack starts a deployment for one test.
func otherStack(t *testing.T) *stack.Stack {
	t.Helper()
	s := customer.StartFor(t, map[string]string{"WEBEX_HOSTS": hosts})
	if err := useKeys(s); err != nil {
		t.Fatal(err)
	}
	return s
}
