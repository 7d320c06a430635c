// Package sealing owns the encryption of tokens at rest: AEAD by Tink, with
// the place that a token belongs to as associated data, so that a sealed
// token copied to another row does not open. It stores nothing.
//
// It is a package of its own because Tink costs size and start-up time that
// the functions without tokens (cross-launch, launches) must not pay.
package sealing

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"signpost/shared/secret"
)

// ErrKeyset is wrapped when a keyset cannot be used. The error never holds
// any part of the keyset.
var ErrKeyset = errors.New("token keyset is not a usable Tink AEAD keyset in JSON form")

// ErrOpen is wrapped when a sealed token does not open: no key of the keyset
// sealed it, it was altered, or it belongs to another place.
var ErrOpen = errors.New("sealed token does not open")

// Keyset seals with its primary key and opens with any of its keys. It is
// safe for concurrent use.
type Keyset struct {
	primitive tink.AEAD
	primary   uint32
	ids       []uint32 // of all keys
}

// Parse reads a Tink keyset in its cleartext JSON form. It returns an error
// wrapping [ErrKeyset].
func Parse(document []byte) (*Keyset, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(document)))
	if err != nil {
		// The reader's error may quote its input: say nothing of it.
		return nil, ErrKeyset
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("%w: no AEAD key in it", ErrKeyset)
	}
	return &Keyset{primitive: primitive, primary: handle.KeysetInfo().GetPrimaryKeyId(), ids: idsOf(handle)}, nil
}

// NewDocument makes a keyset with one fresh AES-256-GCM key, in the JSON form
// that [Parse] reads. The result is a secret.
func NewDocument() ([]byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a token keyset: %w", err)
	}
	return write(handle)
}

// A keyset is rotated in steps, since a running function may hold a copy that
// is some minutes old: a key is added with [ExtendDocument], so that all can
// open what it seals; then, when all have it, it is made the one to seal with
// by [PromoteDocument]; and when all that older keys sealed was sealed anew
// they are dropped by [PruneDocument].

// ExtendDocument adds a fresh key to the keyset, to open with only. It returns
// an error wrapping [ErrKeyset].
func ExtendDocument(document []byte) ([]byte, error) {
	return change(document, func(manager *keyset.Manager, _ []uint32, _ uint32) error {
		_, err := manager.Add(aead.AES256GCMKeyTemplate())
		return err
	})
}

// PromoteDocument makes the newest key the primary one: what the older keys
// sealed still opens, and is sealed anew as rows are written. It returns an
// error wrapping [ErrKeyset].
func PromoteDocument(document []byte) ([]byte, error) {
	return change(document, func(manager *keyset.Manager, ids []uint32, _ uint32) error {
		return manager.SetPrimary(ids[len(ids)-1])
	})
}

// PruneDocument drops all keys but the primary one: what they sealed does not
// open any more. It returns an error wrapping [ErrKeyset].
func PruneDocument(document []byte) ([]byte, error) {
	return change(document, func(manager *keyset.Manager, ids []uint32, primary uint32) error {
		for _, id := range ids {
			if id == primary {
				continue
			}
			if err := manager.Delete(id); err != nil {
				return err
			}
		}
		return nil
	})
}

// Keys reports how many keys a keyset has, and whether the newest one is the
// primary. It returns an error wrapping [ErrKeyset].
func Keys(document []byte) (count int, newestIsPrimary bool, err error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(document)))
	if err != nil {
		return 0, false, ErrKeyset
	}
	info := handle.KeysetInfo()
	last := len(info.GetKeyInfo()) - 1
	return last + 1, info.GetKeyInfo()[last].GetKeyId() == info.GetPrimaryKeyId(), nil
}

// RotateDocument adds a key and makes it the primary one at once, for a keyset
// that nobody holds a copy of.
func RotateDocument(document []byte) ([]byte, error) {
	extended, err := ExtendDocument(document)
	if err != nil {
		return nil, err
	}
	return PromoteDocument(extended)
}

// change makes a change to a keyset with these keys.
func change(document []byte, do func(manager *keyset.Manager, ids []uint32, primary uint32) error) ([]byte, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(document)))
	if err != nil {
		return nil, ErrKeyset
	}
	manager := keyset.NewManagerFromHandle(handle)
	if err := do(manager, idsOf(handle), handle.KeysetInfo().GetPrimaryKeyId()); err != nil {
		return nil, fmt.Errorf("change a token keyset: %w", err)
	}
	if handle, err = manager.Handle(); err != nil {
		return nil, fmt.Errorf("change a token keyset: %w", err)
	}
	return write(handle)
}

// idsOf lists the ids of a keyset's keys, the newest last.
func idsOf(handle *keyset.Handle) []uint32 {
	var ids []uint32
	for _, key := range handle.KeysetInfo().GetKeyInfo() {
		ids = append(ids, key.GetKeyId())
	}
	return ids
}

func write(handle *keyset.Handle) ([]byte, error) {
	var document bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&document)); err != nil {
		return nil, fmt.Errorf("write a token keyset: %w", err)
	}
	return document.Bytes(), nil
}

// Seal encrypts token for place, which names the row and the attribute.
func (k *Keyset) Seal(token secret.String, place string) (secret.Sealed, error) {
	sealed, err := k.primitive.Encrypt([]byte(token.Reveal()), []byte(place))
	if err != nil {
		return nil, fmt.Errorf("seal a token for %s: %w", place, err)
	}
	return sealed, nil
}

// Open decrypts what Seal made for the same place, by any key of the keyset.
// It returns an error wrapping [ErrOpen].
func (k *Keyset) Open(sealed secret.Sealed, place string) (secret.String, error) {
	clear, err := k.primitive.Decrypt(sealed, []byte(place))
	if err != nil {
		return secret.String{}, fmt.Errorf("%w: %s", ErrOpen, place)
	}
	return secret.New(string(clear)), nil
}

// Stale reports whether sealed was made by a key other than today's primary
// one, which is when a rotation asks for it to be sealed anew.
func (k *Keyset) Stale(sealed secret.Sealed) bool {
	id, ok := keyOf(sealed)
	return !ok || id != k.primary
}

// NeedsOlder reports whether sealed opens only with a key that [PruneDocument]
// drops from this keyset. What no key of it sealed is lost already.
func (k *Keyset) NeedsOlder(sealed secret.Sealed) bool {
	id, ok := keyOf(sealed)
	return ok && id != k.primary && slices.Contains(k.ids, id)
}

// keyOf is the id of the key that sealed a token: a Tink ciphertext begins with
// the version byte 1 and that id.
func keyOf(sealed secret.Sealed) (uint32, bool) {
	if len(sealed) < 5 || sealed[0] != 1 {
		return 0, false
	}
	return binary.BigEndian.Uint32(sealed[1:5]), true
}
