package main

import (
	"bufio"
	"io"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"
)

// wrap makes standard middleware one of Gin's. What follows in the chain is the handler inside
// of it, and writes to the writer that it is given. The middleware must return only after the
// handler has, because Gin uses the context again for another request.
func wrap(m func(http.Handler) http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		outer, request, entered := c.Writer, c.Request, false
		m(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			entered = true
			inner := &writer{ResponseWriter: outer, inner: w, status: http.StatusOK}
			c.Writer, c.Request = inner, r
			defer func() { c.Writer, c.Request = outer, request }() // also for gin.Recovery
			c.Next()
			inner.WriteHeaderNow() // as Gin does at the end of a request
		})).ServeHTTP(outer, c.Request)
		if !entered { // the middleware has answered by itself
			c.Abort()
		}
	}
}

// writer is to handlers what Gin's own is: it holds the status back until it is needed, and
// knows what was written. What it writes goes into the middleware.
type writer struct {
	gin.ResponseWriter // the one outside, for CloseNotify and Pusher
	inner              http.ResponseWriter
	status, size       int
	written            bool
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.inner }

func (w *writer) Header() http.Header { return w.inner.Header() }
func (w *writer) Status() int         { return w.status }
func (w *writer) Written() bool       { return w.written }

// Size is -1 before anything is written, as that of Gin is.
func (w *writer) Size() int {
	if !w.written {
		return -1
	}
	return w.size
}

func (w *writer) WriteHeader(status int) {
	if status > 0 && !w.written {
		w.status = status
	}
}

func (w *writer) WriteHeaderNow() {
	if !w.written {
		w.written = true
		w.inner.WriteHeader(w.status)
	}
}

func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeaderNow()
	n, err := w.inner.Write(p)
	w.size += n
	return n, err
}

func (w *writer) WriteString(s string) (int, error) {
	w.WriteHeaderNow()
	n, err := io.WriteString(w.inner, s)
	w.size += n
	return n, err
}

func (w *writer) Flush() {
	w.WriteHeaderNow()
	_ = http.NewResponseController(w.inner).Flush() // a writer that cannot is no error to Gin
}

func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.inner).Hijack()
	w.written = w.written || err == nil
	return conn, rw, err
}
