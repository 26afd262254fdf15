package server

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"sync"

	"github.com/goaroundhq/goaround/idem"
)

// errReturned is what a goroutine gets that writes when its handler has returned.
var errReturned = errors.New("server: write after the handler returned")

const (
	// maxHeader is the longest encoded response header that is stored, in bytes.
	maxHeader = 16 << 10
	// maxPooled is the largest buffer that is kept for reuse, in bytes.
	maxPooled = 64 << 10
)

// recordBuffers hold records while they are made.
var recordBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 1<<10); return &b }}

// stage is how far a response has got on its way to the client.
type stage uint8

const (
	holding  stage = iota // nothing was sent
	passing               // status and header were sent, and body bytes go straight through
	hijacked              // the connection is the handler's
)

// capture is the response writer that a guarded handler sees. It holds the response back
// until it is stored, unless the handler flushes, or writes more than is kept.
//
// The handler has a header map of its own, so that what it sets can be told from what
// stands, or is put, around it, and that a change after WriteHeader has as little effect
// as it has in net/http.
type capture struct {
	mu     sync.Mutex
	w      http.ResponseWriter
	h      *handler
	echo   []string    // for the field idem.Header
	header http.Header // the handler's
	outer  http.Header // what stood before it, when the header below no longer tells
	fields int         // in header, when the status was set
	head   bool        // the request method is HEAD
	whole  bool        // nothing may be sent before the handler has returned

	stage   stage
	trailer bool // the handler has one, or declared it
	frozen  bool // the handler has returned
	omitted bool // the body is not kept
	status  int
	length  int64   // as the handler declared it, -1 when it did not
	size    int64   // of the body as written by the handler
	buf     []byte  // the record: head and body
	body    int     // where the body begins in buf
	pooled  *[]byte // what buf started from
	short   [shortRecord]byte
}

func (c *capture) init(w http.ResponseWriter, r *http.Request, h *handler, echo []string) {
	c.w, c.h, c.length, c.head, c.echo = w, h, -1, r.Method == http.MethodHead, echo
	if c.whole = h.tx != nil; c.whole {
		c.outer = w.Header().Clone()
	}
	if outer := w.Header(); len(outer) > 0 {
		c.header = maps.Clone(outer)
	} else {
		c.header = make(http.Header)
	}
}

func (c *capture) Header() http.Header { return c.header }

func (c *capture) Write(p []byte) (int, error) { return write(c, p, c.w.Write) }

func (c *capture) WriteString(s string) (int, error) {
	return write(c, s, func(s string) (int, error) { return io.WriteString(c.w, s) })
}

// write keeps body bytes, or sends them, or both. While the record is whole the handler is
// not told that the client has gone: it would stop, and half of its response would be kept
// as all of it.
func write[T []byte | string](c *capture, p T, send func(T) (int, error)) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.admit(int64(len(p))); err != nil || len(p) == 0 {
		return 0, err
	}
	if !c.fits(len(p)) {
		c.omit()
	}
	if c.omitted && !c.whole {
		return send(p)
	}
	c.buf = append(c.buf, p...)
	if c.stage == passing {
		_, _ = send(p)
	}
	return len(p), nil
}

// admit decides, as net/http does, whether n body bytes may be written.
func (c *capture) admit(n int64) error {
	switch {
	case c.frozen: // first: the rest is no longer for a lock to protect
		return errReturned
	case c.stage == hijacked:
		return http.ErrHijacked
	}
	if c.status == 0 {
		c.begin(http.StatusOK)
	}
	if n == 0 {
		return nil
	}
	if !bodyAllowed(c.status) {
		return http.ErrBodyNotAllowed
	}
	if c.size += n; c.length >= 0 && c.size > c.length {
		return http.ErrContentLength
	}
	return nil
}

func (c *capture) fits(n int) bool { return !c.omitted && len(c.buf)-c.body+n <= c.h.maxBody }

// omit gives up keeping the body for the record, and sends what was held back of it.
func (c *capture) omit() {
	if c.whole {
		c.omitted = true
		return
	}
	c.pass()
	c.omitted = true
	c.buf = c.buf[:c.body]
}

// pass sends what was held back and lets the rest go straight through.
func (c *capture) pass() {
	if c.stage != holding {
		return
	}
	c.stage = passing
	c.w.WriteHeader(c.status)
	if held := c.buf[c.body:]; len(held) > 0 {
		_, _ = c.w.Write(held) // the client is gone if this fails
	}
}

// freeze ends the handler's part: what its goroutines still write is refused, and
// looks at nothing here but the fact. What follows has the rest for itself.
func (c *capture) freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen = true
	if c.status == 0 && c.stage == holding {
		c.begin(http.StatusOK)
	}
}

// record returns what to store, and a short form for a store that has no room for it.
// Both are valid until release. gone tells that the client has left.
func (c *capture) record(gone bool) (record, short []byte) {
	switch {
	case !c.head && bodyAllowed(c.status) && c.length >= 0 && c.size != c.length:
		c.omitted = true // a body that is not what its header declared is not one to replay
	case gone && c.stage == passing:
		c.omitted = true // the handler may have stopped in the middle because of that
	}
	record = c.buf
	if c.omitted {
		record = c.buf[:c.body]
		markOmitted(record)
	}
	return record, appendShort(c.short[:0], c.status)
}

// send passes on what was held back.
func (c *capture) send() {
	streamed := c.stage == passing
	c.pass()
	// Nobody looks for trailers where nothing hints at them: it takes time.
	if c.stage == passing && (streamed || c.trailer || len(c.header) != c.fields) {
		c.putHeader()
	}
}

// failed is the record of a handler that did not do what it should.
func (c *capture) failed() []byte { return appendShort(c.short[:0], http.StatusInternalServerError) }

// discard takes back the response, of which nothing was sent.
func (c *capture) discard() {
	below := c.w.Header()
	clear(below)
	maps.Copy(below, c.outer)
	below[idem.Header] = c.echo
}

// release gives the buffer back. A second call does nothing.
func (c *capture) release() {
	if c.pooled != nil && cap(c.buf) <= maxPooled {
		*c.pooled = c.buf[:0]
		recordBuffers.Put(c.pooled)
	}
	c.buf, c.pooled = nil, nil
}

// bodyAllowed reports whether a response of this status has a body (RFC 9110, 6.4.1).
func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
