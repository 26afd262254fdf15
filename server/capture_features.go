package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

// What a response writer can do besides writing.
var (
	_ http.ResponseWriter                       = (*capture)(nil)
	_ http.Flusher                              = (*capture)(nil)
	_ http.Hijacker                             = (*capture)(nil)
	_ io.ReaderFrom                             = (*capture)(nil)
	_ io.StringWriter                           = (*capture)(nil)
	_ interface{ FlushError() error }           = (*capture)(nil)
	_ interface{ Unwrap() http.ResponseWriter } = (*capture)(nil)
)

// errWhole is what a transactional handler gets that wants to send before the commit.
var errWhole = fmt.Errorf("server: response of a transactional handler is sent after the commit: %w", http.ErrNotSupported)

// Unwrap lets http.ResponseController reach what is not handled here.
func (c *capture) Unwrap() http.ResponseWriter { return c.w }

func (c *capture) Flush() { _ = c.FlushError() }

// FlushError sends what was written so far. From here on the client sees bytes before
// they are stored, which a transactional handler may not do.
func (c *capture) FlushError() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.frozen:
		return errReturned
	case c.stage == hijacked:
		return http.ErrHijacked
	case c.whole:
		return errWhole
	case c.status == 0:
		c.begin(http.StatusOK)
	}
	c.pass()
	err := http.NewResponseController(c.w).Flush()
	if !c.omitted && !errors.Is(err, errors.ErrUnsupported) {
		return nil // see write
	}
	return err
}

// Hijack hands the connection to the handler; there is no response to store then.
func (c *capture) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen {
		return nil, nil, errReturned
	}
	if c.whole {
		return nil, nil, errWhole
	}
	conn, rw, err := http.NewResponseController(c.w).Hijack()
	if err == nil {
		c.stage, c.omitted = hijacked, true
		if c.status == 0 {
			c.status = http.StatusSwitchingProtocols
			c.pooled = recordBuffers.Get().(*[]byte)
			c.buf = appendShort((*c.pooled)[:0], c.status)
			c.body = len(c.buf)
		}
	}
	return conn, rw, err
}

// copyBuffers hold 32 KiB, the size that io.Copy uses.
var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// ReadFrom copies through the record while it fits and hands the rest to the writer
// below, which may have a faster way.
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
	if !c.frozen {
		c.size += n
	}
	return total + n, err
}

// direct reports whether bytes need not be seen any more.
func (c *capture) direct() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.frozen && c.stage == passing && c.omitted
}
