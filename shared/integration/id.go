package integration

import (
	"crypto/rand"
	"fmt"
)

// NewAppID makes the id of a manifest: a random UUID (RFC 9562, version 4), in lower case.
func NewAppID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails: it crashes the program instead
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
