package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
)

// NewCode makes a code for an address, such as that of a launch or an invitation: 256
// random bits in 43 URL-safe characters. It is a credential.
func NewCode() string {
	var random [32]byte
	rand.Read(random[:]) // never fails: it crashes the program instead
	return base64.RawURLEncoding.EncodeToString(random[:])
}

// CodeID returns the id of what a code gives access to: the code's SHA-256, so that the
// table does not contain codes.
func CodeID(code string) string {
	sum := sha256.Sum256([]byte(code))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
