package server

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/goaroundhq/goaround/idem"
)

func (c *capture) WriteHeader(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.frozen || c.stage == hijacked || c.status != 0:
	case status >= 100 && status < 200 && status != http.StatusSwitchingProtocols:
		c.inform(status)
	default:
		c.begin(status)
	}
}

// begin fixes the status and header of the response, puts the head of the record at the
// front of the buffer, and makes the header below what the handler wants it to be.
func (c *capture) begin(status int) {
	if status < 100 || status > 999 {
		panic(fmt.Sprintf("invalid WriteHeader code %v", status)) // as net/http does
	}
	c.status, c.fields = status, len(c.header)
	c.pooled = recordBuffers.Get().(*[]byte)
	c.buf = appendStart((*c.pooled)[:0], 0, status)
	below := c.removeFields()
	for name, values := range c.header {
		switch name {
		case "Content-Length":
			c.declare(values)
		case "Trailer":
			c.trailer = true
		default:
			c.trailer = c.trailer || strings.HasPrefix(name, http.TrailerPrefix)
		}
		if c.stored(name, values) {
			c.buf = appendFields(c.buf, name, values)
		}
		below[name] = values
	}
	below[idem.Header] = c.echo
	if c.buf = appendEnd(c.buf); len(c.buf) > maxHeader {
		c.omitted = true
		c.buf = appendShort(c.buf[:0], status)
	}
	c.body = len(c.buf)
}

// declare notes the length that the handler declares for its body.
func (c *capture) declare(values []string) {
	if len(values) > 0 {
		if n, err := strconv.ParseInt(values[0], 10, 64); err == nil && n >= 0 {
			c.length = n
		}
	}
}

// removeFields removes from the header below what the handler has removed, and returns it.
func (c *capture) removeFields() http.Header {
	below := c.w.Header()
	if len(below) == 0 {
		return below
	}
	for name := range below {
		if _, ok := c.header[name]; !ok {
			delete(below, name)
		}
	}
	return below
}

// inform sends an informational response; another one follows.
func (c *capture) inform(status int) {
	if c.whole {
		return
	}
	if c.outer == nil {
		c.outer = c.w.Header().Clone()
	}
	c.putHeader()
	c.w.WriteHeader(status)
}

// putHeader makes the header below what the handler's is now. After the status was sent,
// net/http takes from it what was declared in Trailer, or has the prefix for it, and
// ignores the rest.
func (c *capture) putHeader() {
	below := c.removeFields()
	maps.Copy(below, c.header)
	below[idem.Header] = c.echo
}
