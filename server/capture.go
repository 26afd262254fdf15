package server

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"sync"
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

// capture is the response writer that a guarded handler sees. The status and header
// are passed on at once, because net/http sends nothing before body bytes come; body
// bytes are held back until the response is stored, unless the handler flushes, or
// writes more than is kept.
type capture struct {
	mu      sync.Mutex
	w       http.ResponseWriter
	h       *handler
	outer   http.Header // as it was before the handler; nil when it was empty
	head    bool        // the request method is HEAD
	status  int
	length  int64   // as the handler declared it, -1 when it did not
	size    int64   // of the body as written by the handler
	buf     []byte  // the record: head and body
	body    int     // where the body begins in buf
	pooled  *[]byte // what buf started from
	short   [shortRecord]byte
	omitted bool // the body is not kept
	passing bool // body bytes go straight through
	gone    bool // hijacked
	frozen  bool // the handler has returned
}

var (
	_ http.ResponseWriter                       = (*capture)(nil)
	_ http.Flusher                              = (*capture)(nil)
	_ http.Hijacker                             = (*capture)(nil)
	_ io.ReaderFrom                             = (*capture)(nil)
	_ io.StringWriter                           = (*capture)(nil)
	_ interface{ FlushError() error }           = (*capture)(nil)
	_ interface{ Unwrap() http.ResponseWriter } = (*capture)(nil)
)

func (c *capture) init(w http.ResponseWriter, r *http.Request, h *handler) {
	c.w, c.h, c.length, c.head = w, h, -1, r.Method == http.MethodHead
	if header := w.Header(); len(header) > 1 { // more than our own echo
		c.outer = maps.Clone(header)
	}
}

// Unwrap lets http.ResponseController reach what is not handled here.
func (c *capture) Unwrap() http.ResponseWriter { return c.w }

func (c *capture) Header() http.Header { return c.w.Header() }

func (c *capture) WriteHeader(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.frozen || c.gone:
	case status >= 100 && status < 200 && status != http.StatusSwitchingProtocols:
		c.w.WriteHeader(status) // informational: another one follows
	case c.status == 0:
		c.begin(status)
	}
}

// begin fixes the status and header of the response.
func (c *capture) begin(status int) {
	c.w.WriteHeader(status) // panics on an invalid status, as always
	c.status = status
	if v := c.w.Header()["Content-Length"]; len(v) > 0 {
		if n, err := strconv.ParseInt(v[0], 10, 64); err == nil && n >= 0 {
			c.length = n
		}
	}
	c.encode()
}

// encode puts the head of the record at the front of the buffer.
func (c *capture) encode() {
	c.pooled = recordBuffers.Get().(*[]byte)
	c.buf = c.appendHead((*c.pooled)[:0])
	if len(c.buf) > maxHeader {
		c.omitted = true
		c.buf = appendShort(c.buf[:0], c.status)
	}
	c.body = len(c.buf)
}

func (c *capture) Write(p []byte) (int, error) { return write(c, p, c.w.Write) }

func (c *capture) WriteString(s string) (int, error) {
	return write(c, s, func(s string) (int, error) { return io.WriteString(c.w, s) })
}

func write[T []byte | string](c *capture, p T, through func(T) (int, error)) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.admit(int64(len(p))); err != nil {
		return 0, err
	}
	if c.room(len(p)) {
		c.buf = append(c.buf, p...)
	}
	if c.passing {
		return through(p)
	}
	return len(p), nil
}

// admit decides, as net/http does, whether n body bytes may be written.
func (c *capture) admit(n int64) error {
	switch {
	case c.gone:
		return http.ErrHijacked
	case c.frozen:
		return errReturned
	}
	if c.status == 0 {
		c.begin(http.StatusOK)
	}
	if !bodyAllowed(c.status) {
		return http.ErrBodyNotAllowed
	}
	if c.size += n; c.length >= 0 && c.size > c.length {
		return http.ErrContentLength
	}
	return nil
}

// room reports whether n more body bytes are to be kept. When they no longer fit,
// what was held back is sent.
func (c *capture) room(n int) bool {
	if !c.omitted && len(c.buf)-c.body+n <= c.h.maxBody {
		return true
	}
	c.pass()
	c.omitted = true
	c.buf = c.buf[:c.body]
	return false
}

// pass sends what was held back and lets the rest go straight through.
func (c *capture) pass() {
	if c.passing {
		return
	}
	c.passing = true
	if held := c.buf[c.body:]; len(held) > 0 {
		_, _ = c.w.Write(held) // the next write of the handler gets the error
	}
}

// ReadFrom copies through the record while it fits and hands the rest to the
// underlying writer, which may have a faster way.
func (c *capture) ReadFrom(src io.Reader) (int64, error) {
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	var total int64
	for !c.direct() {
		n, err := src.Read(*buf)
		if n > 0 {
			written, werr := c.Write((*buf)[:n])
			total += int64(written)
			if werr != nil {
				return total, werr
			}
		}
		if errors.Is(err, io.EOF) {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
	n, err := io.Copy(c.w, src)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size += n
	return total + n, err
}

// copyBuffers hold 32 KiB, the size that io.Copy uses.
var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// direct reports whether bytes need not be seen any more.
func (c *capture) direct() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.frozen && !c.gone && c.omitted && c.passing
}

func (c *capture) Flush() { _ = c.FlushError() }

// FlushError sends what was written so far. From here on the client sees bytes before
// they are stored.
func (c *capture) FlushError() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.gone:
		return http.ErrHijacked
	case c.frozen:
		return errReturned
	case c.status == 0:
		c.begin(http.StatusOK)
	}
	c.pass()
	return http.NewResponseController(c.w).Flush()
}

// Hijack hands the connection to the handler; there is no response to store then.
func (c *capture) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen {
		return nil, nil, errReturned
	}
	conn, rw, err := http.NewResponseController(c.w).Hijack()
	if err == nil {
		c.gone, c.omitted = true, true
		if c.status == 0 {
			c.status = http.StatusSwitchingProtocols
			c.encode()
		}
	}
	return conn, rw, err
}

// freeze ends the handler's part: what its goroutines still write is refused, and
// looks at nothing here but the fact. What follows has the rest for itself.
func (c *capture) freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen = true
	if c.status == 0 {
		c.status = http.StatusOK
		c.encode()
	}
}

// record returns what to store, and a short form for a store that has no room for
// it. Both are valid until release.
func (c *capture) record() (record, short []byte) {
	// A body that is not what its header declared is not one to replay.
	if !c.head && bodyAllowed(c.status) && c.length >= 0 && c.size != c.length {
		c.omitted = true
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
	if !c.gone {
		c.pass()
	}
}

// release gives the buffer back.
func (c *capture) release() {
	if cap(c.buf) <= maxPooled {
		*c.pooled = c.buf[:0]
		recordBuffers.Put(c.pooled)
	}
	c.buf, c.pooled = nil, nil
}

// bodyAllowed reports whether a response of this status has a body (RFC 9110, 6.4.1).
func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}
