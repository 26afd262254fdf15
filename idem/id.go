package idem

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Scope says whose keys these are: two callers who happen to use the same key
// must not see each other's results. It is the caller's stable identity, such
// as an account number, not a session or a token that changes between attempts.
type Scope string

// SharedScope is the explicit choice that all callers share one key space.
const SharedScope Scope = "*"

// ID identifies the record of one operation. It is a hash, so that a client
// cannot choose where its record lies, a key of any shape has the same size, and
// keys cannot be read out of a store.
type ID [sha256.Size]byte

// NewID returns the SHA-256 over the length-prefixed parts. The namespace
// separates applications that share a store; method and route are those of an
// HTTP request, or "" and the operation's name for anything else.
func NewID(namespace string, scope Scope, method, route, key string) ID {
	var space [512]byte // on the stack; longer parts spill to the heap
	buf := appendPart(space[:0], namespace)
	buf = appendPart(buf, string(scope))
	buf = appendPart(buf, method)
	buf = appendPart(buf, route)
	buf = appendPart(buf, key)
	return sha256.Sum256(buf)
}

// appendPart adds s with its length in front, so that no two lists of parts look
// the same.
func appendPart(buf []byte, s string) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(s)))
	return append(buf, s...)
}

// String returns the ID as 64 hexadecimal digits, for logs and store keys.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// ParseID reads what [ID.String] returns.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != hex.EncodedLen(len(id)) {
		return ID{}, fmt.Errorf("idem: ID of %d characters, want %d hexadecimal digits", len(s), hex.EncodedLen(len(id)))
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return ID{}, fmt.Errorf("idem: ID: %w", err)
	}
	return id, nil
}

// differ reports whether two fingerprints are of different requests. An empty one is not
// known, and differs from none.
func differ(a, b []byte) bool { return len(a) > 0 && len(b) > 0 && !bytes.Equal(a, b) }
