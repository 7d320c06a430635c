package attack_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"signpost/shared/secret/sealing"
	"signpost/shared/webex/webextest"
)

// sealedBy counts, for an organization, what each key of a keyset has sealed.
func (w *watch) sealedBy(t *testing.T, v *victim) map[uint32]int {
	t.Helper()
	count := map[uint32]int{}
	page, err := w.table.Scan(context.Background(), &dynamodb.ScanInput{TableName: aws.String(w.stack.TableName()), ConsistentRead: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range page.Items {
		if pk, _ := item["pk"].(*types.AttributeValueMemberS); pk == nil || pk.Value != "org#"+v.org.ID() {
			continue
		}
		for _, value := range item {
			// A Tink ciphertext begins with the version byte 1 and the key's id.
			if sealed, ok := value.(*types.AttributeValueMemberB); ok && len(sealed.Value) > 5 && sealed.Value[0] == 1 {
				count[binary.BigEndian.Uint32(sealed.Value[1:5])]++
			}
		}
	}
	return count
}

// keyset is a Tink keyset as far as a rotation of it is watched.
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
	return []byte(encode(k))
}

// verify runs verifyconfigs for the victim.
func (v *victim) verify(t *testing.T) map[string]int {
	t.Helper()
	result, err := v.stack.Invoke(context.Background(), "VerifyConfigsFunction", []byte(encode(object{"orgIds": []string{v.org.ID()}})))
	if err != nil {
		t.Fatal(err)
	}
	var report map[string]int
	if err := json.Unmarshal(result.Payload, &report); err != nil {
		t.Fatalf("%v: %s", err, result.Payload)
	}
	return report
}

// becomesActive runs the schedule until the activation is completed.
func (v *victim) becomesActive(t *testing.T) {
	t.Helper()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; <-again.C {
		if _, err := v.stack.Invoke(context.Background(), "VerifyConfigsFunction", []byte("{}")); err != nil {
			t.Fatal(err)
		}
		if view, _ := v.cloud.Installation(v.org.ID()); view.FullyProvisioned {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the schedule does not complete the activation")
		}
	}
}

// TestKeysetRotation: a keyset with a new primary key opens what the old one
// sealed, seals it anew at the next write, and after that the old key may go.
func TestKeysetRotation(t *testing.T) {
	s := otherStack(t)
	s.SetEnvironment(map[string]string{"VERIFY_INTERVAL": "1s"})
	old := []byte(s.Secrets().TokenKeyset)
	v := newVictim(t, s)
	w := newWatch(t, s, newCanary(t, nil))
	pending := &victim{stack: s, cloud: s.Webex(), org: s.Webex().AddOrganization("Not yet active", ours)}
	s.Webex().Inject(webextest.Fault{Kind: webextest.KindToken, OrgID: pending.org.ID(), Status: 503, Times: 1})
	mustSend(t, s.URL(), post(page, pending.sign(pending.activation(t)))).check(t, want{503, "webex_unavailable"})
	oldID := readKeyset(t, old).PrimaryKeyID
	for _, who := range []*victim{v, pending} {
		if sealed := w.sealedBy(t, who); len(sealed) != 1 || sealed[oldID] == 0 {
			t.Fatalf("%s is sealed by %v, want key %d only", who.org.Name(), sealed, oldID)
		}
	}

	fresh, err := sealing.RotateDocument(old)
	if err != nil {
		t.Fatal(err)
	}
	newID := readKeyset(t, fresh).PrimaryKeyID
	s.SetEnvironment(map[string]string{"SECRET_JSON": secretDocument(fresh, contentKey)})
	s.Webex().RevokeAccessTokens(v.org.ID()) // so that the refresh token must open
	if report := v.verify(t); report["verified"] != 1 {
		t.Errorf("with both keys, verified: %v", report)
	}
	pending.becomesActive(t) // by its first token, which must open too
	for _, who := range []*victim{v, pending} {
		who.verify(t)
		if sealed := w.sealedBy(t, who); len(sealed) != 1 || sealed[newID] == 0 {
			t.Errorf("%s is sealed by %v, want key %d only", who.org.Name(), sealed, newID)
		}
	}

	s.SetEnvironment(map[string]string{"SECRET_JSON": secretDocument(withoutOldKeys(t, fresh), contentKey)})
	for _, who := range []*victim{v, pending} {
		s.Webex().RevokeAccessTokens(who.org.ID())
		if report := who.verify(t); report["verified"] != 1 {
			t.Errorf("%s: without the old key, verified: %v", who.org.Name(), report)
		}
		got := mustSend(t, s.URL(), post(actions, who.sign(who.claims(webextest.ActionHealthCheck))))
		if got.status != 200 || !strings.Contains(got.body, `"operational"`) {
			t.Errorf("%s: health is %d %s", who.org.Name(), got.status, got.body)
		}
	}
}

// TestKeysetRotationAtAWrite: a verification that needs no new token seals anew
// all the same, as it writes.
func TestKeysetRotationAtAWrite(t *testing.T) {
	s := otherStack(t)
	v := newVictim(t, s)
	w := newWatch(t, s, newCanary(t, nil))
	fresh, err := sealing.RotateDocument(s.Secrets().TokenKeyset)
	if err != nil {
		t.Fatal(err)
	}
	s.SetEnvironment(map[string]string{"SECRET_JSON": secretDocument(fresh, contentKey)})
	exchanges := s.Webex().Count(webextest.KindToken, "")
	v.verify(t)
	if sealed := w.sealedBy(t, v); len(sealed) != 1 || sealed[readKeyset(t, fresh).PrimaryKeyID] == 0 {
		t.Errorf("sealed by %v after a write, want the new key %d only", slices.Collect(maps.Keys(sealed)), readKeyset(t, fresh).PrimaryKeyID)
	}
	if got := s.Webex().Count(webextest.KindToken, "") - exchanges; got != 0 {
		t.Errorf("sealing anew took %d token exchanges", got)
	}
}

// TestContentKeyRotation: the new key and the old one are good together, then
// the new one alone.
func TestContentKeyRotation(t *testing.T) {
	s := target
	v := newVictim(t, s)
	const newKey = "content-key-new-2f94d07c"
	keyset := s.Secrets().TokenKeyset
	t.Cleanup(func() { s.SetEnvironment(map[string]string{"SECRET_JSON": secretDocument(keyset, contentKey)}) })
	codes := []string{v.launch(t)} // and this one outlives the rotation
	for _, step := range []struct {
		keys []string
		good map[string]bool
	}{
		{[]string{contentKey}, map[string]bool{contentKey: true, newKey: false}},
		{[]string{newKey, contentKey}, map[string]bool{contentKey: true, newKey: true}},
		{[]string{newKey}, map[string]bool{contentKey: false, newKey: true}},
	} {
		s.SetEnvironment(map[string]string{"SECRET_JSON": secretDocument(keyset, step.keys...)})
		for key, good := range step.good {
			code := v.launch(t)
			got := mustSend(t, s.URL(), redeeming(code, key))
			if good {
				got.launchIs(t, v)
				continue
			}
			got.check(t, unauthorized)
			codes = append(codes, code) // not used up
		}
	}
	for _, code := range codes {
		mustSend(t, s.URL(), redeeming(code, newKey)).launchIs(t, v)
	}
}
