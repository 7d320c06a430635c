// Package sealing owns the encryption of tokens at rest: AEAD by Tink. A token's row
// and attribute are the associated data, so that it cannot be decrypted in another
// place. The package stores nothing.
//
// It is a separate package since Tink costs size and start-up time, which the
// functions without tokens must not spend.
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

// ErrKeyset: the keyset cannot be used. Errors that wrap it contain no part of it.
var ErrKeyset = errors.New("token keyset is not a usable Tink AEAD keyset in JSON form")

// ErrOpen: a sealed token cannot be decrypted. No key of the keyset sealed it, it was
// changed, or it belongs to another place.
var ErrOpen = errors.New("sealed token does not open")

// Keyset encrypts with its primary key and decrypts with any of its keys. It is safe
// for concurrent use.
type Keyset struct {
	primitive tink.AEAD
	primary   uint32
	ids       []uint32 // of all keys
}

// Parse reads a Tink keyset in its cleartext JSON form. It returns an error
// wrapping [ErrKeyset].
func Parse(document []byte) (*Keyset, error) {
	handle, err := read(document)
	if err != nil {
		return nil, err
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("%w: no AEAD key in it", ErrKeyset)
	}
	return &Keyset{primitive: primitive, primary: handle.KeysetInfo().GetPrimaryKeyId(), ids: idsOf(handle)}, nil
}

// read reads a keyset. Tink's error may quote its input, so it is not wrapped.
func read(document []byte) (*keyset.Handle, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(document)))
	if err != nil {
		return nil, ErrKeyset
	}
	return handle, nil
}

// NewDocument makes a keyset with one new AES-256-GCM key, in the JSON form that
// [Parse] reads. The result is a secret.
func NewDocument() ([]byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a token keyset: %w", err)
	}
	return write(handle)
}

// A keyset is rotated in three steps, since running functions may hold a copy that is
// some minutes old. [ExtendDocument] adds a key, so that every function can decrypt
// with it. When all have it, [PromoteDocument] makes it the one to encrypt with. When
// everything was encrypted again, [PruneDocument] removes the older keys.

// ExtendDocument adds a new key to the keyset, for decryption only. Its error wraps
// [ErrKeyset].
func ExtendDocument(document []byte) ([]byte, error) {
	return change(document, func(manager *keyset.Manager, _ []uint32, _ uint32) error {
		_, err := manager.Add(aead.AES256GCMKeyTemplate())
		return err
	})
}

// PromoteDocument makes the newest key the primary one. The older keys still decrypt;
// rows are encrypted again as they are written. Its error wraps [ErrKeyset].
func PromoteDocument(document []byte) ([]byte, error) {
	return change(document, func(manager *keyset.Manager, ids []uint32, _ uint32) error {
		return manager.SetPrimary(ids[len(ids)-1])
	})
}

// PruneDocument removes all keys but the primary one, so that nothing that they
// sealed can be decrypted. Its error wraps [ErrKeyset].
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

// Keys returns how many keys a keyset has, and whether the newest is the primary one.
// Its error wraps [ErrKeyset].
func Keys(document []byte) (count int, newestIsPrimary bool, err error) {
	handle, err := read(document)
	if err != nil {
		return 0, false, err
	}
	ids := idsOf(handle)
	return len(ids), ids[len(ids)-1] == handle.KeysetInfo().GetPrimaryKeyId(), nil
}

// RotateDocument adds a key and makes it the primary one at once, for a keyset of
// which no function holds a copy. Its error wraps [ErrKeyset].
func RotateDocument(document []byte) ([]byte, error) {
	extended, err := ExtendDocument(document)
	if err != nil {
		return nil, err
	}
	return PromoteDocument(extended)
}

// change returns the keyset after do, which gets the ids of its keys, the newest last.
func change(document []byte, do func(manager *keyset.Manager, ids []uint32, primary uint32) error) ([]byte, error) {
	handle, err := read(document)
	if err != nil {
		return nil, err
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

// idsOf returns the ids of a keyset's keys, the newest last.
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

// Seal encrypts token for place, the name of its row and attribute.
func (k *Keyset) Seal(token secret.String, associatedData string) (secret.Sealed, error) {
	sealed, err := k.primitive.Encrypt([]byte(token.Reveal()), []byte(associatedData))
	if err != nil {
		return nil, fmt.Errorf("seal a token for %s: %w", associatedData, err)
	}
	return sealed, nil
}

// Open decrypts the result of [Keyset.Seal] for the same place. Its error wraps
// [ErrOpen].
func (k *Keyset) Open(sealed secret.Sealed, associatedData string) (secret.String, error) {
	clear, err := k.primitive.Decrypt(sealed, []byte(associatedData))
	if err != nil {
		return secret.String{}, fmt.Errorf("%w: %s", ErrOpen, associatedData)
	}
	return secret.New(string(clear)), nil
}

// Stale reports whether a key other than the primary one made sealed, so that it has
// to be encrypted again.
func (k *Keyset) Stale(sealed secret.Sealed) bool {
	id, ok := keyOf(sealed)
	return !ok || id != k.primary
}

// NeedsOlder reports whether [PruneDocument] would remove the key that decrypts
// sealed.
func (k *Keyset) NeedsOlder(sealed secret.Sealed) bool {
	id, ok := keyOf(sealed)
	return ok && id != k.primary && slices.Contains(k.ids, id)
}

// keyOf returns the id of the key that made sealed. A Tink ciphertext begins with the
// version byte 1 and that id.
func keyOf(sealed secret.Sealed) (uint32, bool) {
	if len(sealed) < 5 || sealed[0] != 1 {
		return 0, false
	}
	return binary.BigEndian.Uint32(sealed[1:5]), true
}
