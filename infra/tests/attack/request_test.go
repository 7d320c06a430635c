package attack_test

import (
	"encoding/json"
	"testing"

	"signpost/infra/tests/customer"
)

type (
	object  = customer.Object
	request = customer.Request
	answer  = customer.Answer
)

// want is the answer that a row expects.
type want struct {
	status int
	code   string // of the problem; empty for an answer of API Gateway's own
}

var (
	malformed     = problem("malformed_request")
	badAlgorithm  = problem("bad_algorithm")
	unknownKey    = problem("unknown_key")
	badSignature  = problem("bad_signature")
	expired       = problem("token_expired")
	notYetValid   = problem("token_not_yet_valid")
	replayed      = problem("token_replayed")
	wrongApp      = problem("wrong_app")
	wrongAction   = problem("wrong_action")
	untrustedURL  = problem("untrusted_url")
	unknownOrg    = problem("unknown_installation")
	noFeature     = problem("feature_not_provided")
	tooMany       = problem("too_many_devices")
	unknownLaunch = problem("unknown_launch")
	unauthorized  = problem("unauthorized")
	unavailable   = problem("webex_unavailable")
	noRoute       = want{404, ""}
	tooLarge      = want{413, ""}
)

func problem(code string) want { return want{customer.Statuses[code], code} }

// check compares an answer with want, and checks that it exposes nothing
// internal.
func check(t *testing.T, got answer, wanted want) {
	t.Helper()
	if wanted.code != "" {
		got.WantProblem(t, wanted.code)
		return
	}
	kind := got.Header.Get("Content-Type")
	if got.Status != wanted.status || kind != "application/json" || got.Body != "" && !json.Valid([]byte(got.Body)) {
		t.Errorf("answer is %d %q %.300s, want %d in JSON", got.Status, kind, got.Body, wanted.status)
	}
	got.WantNothingInner(t)
}
