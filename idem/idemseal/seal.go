package idemseal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/goaroundhq/goaround/idem"
)

// Why a record cannot be opened. Match with [errors.Is].
var (
	// ErrKey: the record was sealed with a key that was not given to New.
	ErrKey = errors.New("idemseal: key of the record is not known")
	// ErrTampered: the record is not what was sealed, or the secret is another one.
	ErrTampered = errors.New("idemseal: record was changed, or sealed with another secret")
	// ErrNotSealed: the record was stored without sealing.
	ErrNotSealed = errors.New("idemseal: record is not sealed")
)

// SecretLen is the length of a secret in bytes.
const SecretLen = 32

// Overhead is how much longer a sealed record is, in bytes.
const Overhead = headLen + 12 + 16

// A sealed record is
//
//	mark     1 byte that no plain record of this module begins with
//	key ID   4 bytes, big endian
//	nonce    12 bytes
//	sealed   the record and 16 bytes that authenticate it
const (
	mark    = 0xA5
	headLen = 1 + 4
)

// Key is a secret and the number by which records name it.
type Key struct {
	ID     uint32
	Secret []byte // SecretLen random bytes
}

// String names the key and keeps its secret, also from logs.
func (k Key) String() string { return fmt.Sprintf("key %d", k.ID) }

// GoString is String.
func (k Key) GoString() string { return k.String() }

// ring holds the secrets.
type ring struct {
	current uint32
	secrets map[uint32][]byte
}

func (r *ring) add(k Key) {
	if len(k.Secret) != SecretLen {
		panic(fmt.Sprintf("idemseal: secret of key %d has %d bytes, want %d", k.ID, len(k.Secret), SecretLen))
	}
	if _, ok := r.secrets[k.ID]; ok {
		panic(fmt.Sprintf("idemseal: two keys with ID %d", k.ID))
	}
	r.secrets[k.ID] = bytes.Clone(k.Secret)
}

// seal encrypts a record for its place.
func (r *ring) seal(id idem.ID, fingerprint, record []byte) []byte {
	aead := r.aead(r.current, id)
	sealed := make([]byte, headLen, Overhead+len(record))
	sealed[0] = mark
	binary.BigEndian.PutUint32(sealed[1:], r.current)
	return aead.Seal(sealed, nil, record, associated(sealed, id, fingerprint))
}

// open decrypts what seal returned.
func (r *ring) open(id idem.ID, fingerprint, sealed []byte) ([]byte, error) {
	if len(sealed) == 0 || sealed[0] != mark {
		return nil, ErrNotSealed
	}
	if len(sealed) < Overhead {
		return nil, ErrTampered
	}
	key := binary.BigEndian.Uint32(sealed[1:])
	if _, ok := r.secrets[key]; !ok {
		return nil, fmt.Errorf("%w: key %d", ErrKey, key)
	}
	head, rest := sealed[:headLen], sealed[headLen:]
	record, err := r.aead(key, id).Open(nil, nil, rest, associated(head, id, fingerprint))
	if err != nil {
		return nil, ErrTampered
	}
	return record, nil
}

// aead makes the cipher of one record.
func (r *ring) aead(key uint32, id idem.ID) cipher.AEAD {
	secret, err := hkdf.Key(sha256.New, r.secrets[key], nil, "goaround idemseal 1 "+string(id[:]), SecretLen)
	if err != nil {
		panic(err) // the lengths are constants
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// associated is what is authenticated beside the record.
func associated(head []byte, id idem.ID, fingerprint []byte) []byte {
	c := make([]byte, 0, headLen+len(id)+len(fingerprint))
	c = append(c, head...)
	c = append(c, id[:]...)
	return append(c, fingerprint...)
}
