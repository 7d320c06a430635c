package attack_test

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/infra/tests/customer"
	"signpost/shared/secret/sealing"
	"signpost/shared/webex/webextest"
)

// sealedBy counts what each key of a keyset has sealed for the victim.
func (v *victim) sealedBy() map[uint32]int {
	v.Helper()
	count := map[uint32]int{}
	for _, item := range v.Items() {
		for _, value := range item {
			// A Tink ciphertext begins with the version byte 1 and the key's id.
			if sealed, ok := value.(*types.AttributeValueMemberB); ok && len(sealed.Value) > 5 && sealed.Value[0] == 1 {
				count[binary.BigEndian.Uint32(sealed.Value[1:5])]++
			}
		}
	}
	return count
}

// keyset is the part of a Tink keyset that the tests read.
type keyset struct {
	PrimaryKeyID uint32           `json:"primaryKeyId"`
	Keys         []map[string]any `json:"key"`
}

func readKeyset(t *testing.T, document []byte) keyset {
	t.Helper()
	var k keyset
	if err := json.Unmarshal(document, &k); err != nil {
		t.Fatal(err)
	}
	return k
}

// withoutOldKeys is the keyset with its primary key only.
func withoutOldKeys(t *testing.T, document []byte) []byte {
	t.Helper()
	k := readKeyset(t, document)
	k.Keys = slices.DeleteFunc(k.Keys, func(key map[string]any) bool { return key["keyId"] != float64(k.PrimaryKeyID) })
	return []byte(customer.Encode(k))
}

// TestKeysetRotation: a keyset with a new primary key decrypts what the old key
// encrypted, and encrypts it again at the next write. Then the old key may go.
func TestKeysetRotation(t *testing.T) {
	s := otherStack(t)
	s.SetEnvironment(map[string]string{"VERIFY_INTERVAL": "1s"})
	old := []byte(s.Secrets().TokenKeyset)
	v := newVictim(t, s)
	pending := &victim{customer.New(t, s, ours)}
	s.Webex().Inject(webextest.Fault{Kind: webextest.KindToken, OrgID: pending.Org.ID(), Status: 503, Times: 1})
	check(t, customer.Send(t, s.URL(), customer.Post(page, pending.sign(pending.activation()))), unavailable)
	oldID := readKeyset(t, old).PrimaryKeyID
	for _, who := range []*victim{v, pending} {
		if sealed := who.sealedBy(); len(sealed) != 1 || sealed[oldID] == 0 {
			t.Fatalf("%s is sealed by %v, want key %d only", who.Org.Name(), sealed, oldID)
		}
	}

	fresh, err := sealing.RotateDocument(old)
	if err != nil {
		t.Fatal(err)
	}
	newID := readKeyset(t, fresh).PrimaryKeyID
	s.SetEnvironment(map[string]string{"SECRET_JSON": customer.SecretDocument(fresh, customer.NewKey)})
	s.Webex().RevokeAccessTokens(v.Org.ID()) // so that the refresh token must open
	if report := v.Verify().Object(t); report["verified"] != 1.0 {
		t.Errorf("with both keys, verified: %v", report)
	}
	pending.Completes() // by its first token, which must open too
	for _, who := range []*victim{v, pending} {
		who.Verify().Want(t, 200)
		if sealed := who.sealedBy(); len(sealed) != 1 || sealed[newID] == 0 {
			t.Errorf("%s is sealed by %v, want key %d only", who.Org.Name(), sealed, newID)
		}
	}

	s.SetEnvironment(map[string]string{"SECRET_JSON": customer.SecretDocument(withoutOldKeys(t, fresh), customer.NewKey)})
	for _, who := range []*victim{v, pending} {
		s.Webex().RevokeAccessTokens(who.Org.ID())
		if report := who.Verify().Object(t); report["verified"] != 1.0 {
			t.Errorf("%s: without the old key, verified: %v", who.Org.Name(), report)
		}
		got := customer.Send(t, s.URL(), customer.Post(actions, who.sign(who.claims(webextest.ActionHealthCheck))))
		if got.Status != 200 || !strings.Contains(got.Body, `"operational"`) {
			t.Errorf("%s: health is %d %s", who.Org.Name(), got.Status, got.Body)
		}
	}
}

// TestKeysetRotationAtAWrite: a verification that needs no new token encrypts
// again too, as it writes.
func TestKeysetRotationAtAWrite(t *testing.T) {
	s := otherStack(t)
	v := newVictim(t, s)
	fresh, err := sealing.RotateDocument(s.Secrets().TokenKeyset)
	if err != nil {
		t.Fatal(err)
	}
	s.SetEnvironment(map[string]string{"SECRET_JSON": customer.SecretDocument(fresh, customer.NewKey)})
	exchanges := s.Webex().Count(webextest.KindToken, "")
	v.Verify().Want(t, 200)
	if sealed := v.sealedBy(); len(sealed) != 1 || sealed[readKeyset(t, fresh).PrimaryKeyID] == 0 {
		t.Errorf("sealed by %v after a write, want the new key %d only", slices.Collect(maps.Keys(sealed)), readKeyset(t, fresh).PrimaryKeyID)
	}
	if got := s.Webex().Count(webextest.KindToken, "") - exchanges; got != 0 {
		t.Errorf("encrypting again took %d token exchanges", got)
	}
}

// TestContentKeyRotation: both keys are accepted, then the new one alone.
func TestContentKeyRotation(t *testing.T) {
	s := target
	v := newVictim(t, s)
	const newKey = "content-key-new-2f94d07c"
	keyset := s.Secrets().TokenKeyset
	t.Cleanup(func() {
		s.SetEnvironment(map[string]string{"SECRET_JSON": customer.SecretDocument(keyset, customer.NewKey)})
	})
	codes := []string{v.launch(t)} // and this one outlives the rotation
	for _, step := range []struct {
		keys []string
		good map[string]bool
	}{
		{[]string{customer.NewKey}, map[string]bool{customer.NewKey: true, newKey: false}},
		{[]string{newKey, customer.NewKey}, map[string]bool{customer.NewKey: true, newKey: true}},
		{[]string{newKey}, map[string]bool{customer.NewKey: false, newKey: true}},
	} {
		s.SetEnvironment(map[string]string{"SECRET_JSON": customer.SecretDocument(keyset, step.keys...)})
		for key, good := range step.good {
			code := v.launch(t)
			got := customer.Send(t, s.URL(), customer.Redeeming(code, key))
			if good {
				launchIs(t, got, v)
				continue
			}
			check(t, got, unauthorized)
			codes = append(codes, code) // not used up
		}
	}
	for _, code := range codes {
		launchIs(t, customer.Send(t, s.URL(), customer.Redeeming(code, newKey)), v)
	}
}
