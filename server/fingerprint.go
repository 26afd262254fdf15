package server

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// A fingerprint tells whether a repetition is the same request: SHA-256 over path,
// query, media type and as much of the body as the handler read. What it did can
// depend on nothing else, so a handler that stops reading early needs no buffer and
// no draining. Layout: a byte that tells whether the body ended there, the number of
// body bytes as a varint, the hash.
const (
	bodyPrefix = 0 // the handler stopped before the end
	bodyWhole  = 1
)

// readSize is how much of a body is read at a time, in bytes.
const readSize = 4 << 10

// fingerprinter hashes one request. Its memory is reused, because what goes through
// the hash.Hash interface cannot live on the stack.
type fingerprinter struct {
	hash    hash.Hash
	scratch []byte
}

var fingerprinters = sync.Pool{New: func() any { return &fingerprinter{hash: sha256.New()} }}

// newFingerprinter returns one that has seen everything of the request but its body.
func newFingerprinter(r *http.Request) *fingerprinter {
	f := fingerprinters.Get().(*fingerprinter)
	f.scratch = appendText(f.scratch[:0], requestedPath(r))
	f.scratch = appendText(f.scratch, r.URL.RawQuery)
	f.scratch = appendText(f.scratch, mediaType(r))
	f.hash.Reset()
	f.hash.Write(f.scratch)
	return f
}

// mediaType is what the body is, without parameters and in one spelling.
func mediaType(r *http.Request) string {
	v := r.Header["Content-Type"]
	switch {
	case len(v) == 0:
		return ""
	case v[0] == "application/json": // nearly always
		return v[0]
	}
	t, _, _ := strings.Cut(v[0], ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// sum returns the fingerprint after size body bytes; it is valid until release.
func (f *fingerprinter) sum(size int64, end byte) []byte {
	f.scratch = append(f.scratch[:0], end)
	f.scratch = binary.AppendUvarint(f.scratch, uint64(size))
	f.scratch = f.hash.Sum(f.scratch)
	return f.scratch
}

func (f *fingerprinter) release() { fingerprinters.Put(f) }

// sameRequest reports whether the request has the fingerprint of an earlier one. It
// reads no more of the body than the earlier handler did, and one byte.
func sameRequest(r *http.Request, fingerprint []byte) (bool, error) {
	if len(fingerprint) == 0 {
		return true, nil // resolved by an operator who did not know the request
	}
	length, n := binary.Uvarint(fingerprint[1:])
	size, whole := int64(length), fingerprint[0] == bodyWhole
	if n <= 0 || size < 0 {
		return false, nil
	}
	if whole && r.ContentLength >= 0 && r.ContentLength != size {
		return false, nil
	}
	f := newFingerprinter(r)
	defer f.release()
	if fits, err := f.readBody(r.Body, size, whole); err != nil || !fits {
		return false, err
	}
	return bytes.Equal(f.sum(size, fingerprint[0]), fingerprint), nil
}

// readBody hashes size bytes of the body. It reports whether they are there and,
// where the body is to end there, nothing else is.
func (f *fingerprinter) readBody(body io.Reader, size int64, whole bool) (bool, error) {
	if body == nil {
		return size == 0, nil
	}
	f.scratch = slices.Grow(f.scratch[:0], readSize)
	for left := size; left > 0; {
		n, err := body.Read(f.scratch[:min(left, readSize)])
		f.hash.Write(f.scratch[:n])
		if left -= int64(n); left == 0 {
			break // what comes with the last bytes comes again
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	if !whole {
		return true, nil
	}
	n, err := io.ReadFull(body, f.scratch[:1])
	if n == 0 && errors.Is(err, io.EOF) {
		return true, nil
	}
	return false, err
}
