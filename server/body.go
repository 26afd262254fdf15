package server

import (
	"errors"
	"io"
	"net/http"
	"sync"
)

// hashedBody is the request body as the handler sees it: it goes through the
// fingerprint as it is read.
type hashedBody struct {
	mu     sync.Mutex
	body   io.ReadCloser
	print  *fingerprinter
	size   int64
	length int64 // as declared, -1 when it was not
	ended  bool
	failed bool // it broke off
	frozen bool // the handler has returned
}

func (b *hashedBody) init(r *http.Request) {
	b.body, b.print, b.length = r.Body, newFingerprinter(r), r.ContentLength
	b.ended = r.Body == nil || r.Body == http.NoBody
}

func (b *hashedBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.frozen {
		return n, err
	}
	b.print.hash.Write(p[:n])
	b.size += int64(n)
	switch {
	case errors.Is(err, io.EOF):
		b.ended = true
	case err != nil && !errors.Is(err, http.ErrBodyReadAfterClose):
		b.failed = true
	}
	return n, err
}

func (b *hashedBody) Close() error { return b.body.Close() }

// freeze ends the handler's part: what its goroutines still read is not hashed, and
// changes nothing here.
func (b *hashedBody) freeze() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.frozen = true
}

// fingerprint is valid until release.
func (b *hashedBody) fingerprint() []byte {
	if b.ended || b.size == b.length {
		return b.print.sum(b.size, bodyWhole)
	}
	return b.print.sum(b.size, bodyPrefix)
}

// release gives the fingerprinter back. A second call does nothing.
func (b *hashedBody) release() {
	if b.print != nil {
		b.print.release()
		b.print = nil
	}
}
