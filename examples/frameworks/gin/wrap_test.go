package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// Whatever way a handler answers by, the first answer and the replay are the same.
func TestAnswersAreRecordedAsGinWritesThem(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		handle gin.HandlerFunc
		status int
		body   string
	}{
		{"nothing", func(*gin.Context) {}, http.StatusOK, ""},
		{"a status", func(c *gin.Context) { c.Status(http.StatusNoContent) }, http.StatusNoContent, ""},
		{"a status that changes", func(c *gin.Context) { c.Status(http.StatusAccepted); c.String(http.StatusCreated, "new") }, http.StatusCreated, "new"},
		{"an abort", func(c *gin.Context) { c.AbortWithStatusJSON(http.StatusPaymentRequired, gin.H{}) }, http.StatusPaymentRequired, "{}"},
		{"a redirect", func(c *gin.Context) { c.Redirect(http.StatusSeeOther, "/elsewhere") }, http.StatusSeeOther, ""},
		{"a flush", func(c *gin.Context) { c.String(http.StatusOK, "a"); c.Writer.Flush(); c.String(http.StatusOK, "b") }, http.StatusOK, "ab"},
		{"what was written", func(c *gin.Context) {
			before := fmt.Sprint(c.Writer.Written(), c.Writer.Size())
			_, _ = c.Writer.WriteString("abc")
			_, _ = fmt.Fprint(c.Writer, " ", before, " ", c.Writer.Written(), c.Writer.Size(), c.Writer.Status())
		}, http.StatusOK, "abc false -1 true 3 200"},
	} {
		runs := 0
		h := guarded(func(c *gin.Context) { runs++; tt.handle(c) })
		for _, replayed := range []bool{false, true} {
			w := post(h)
			if w.Code != tt.status || w.Body.String() != tt.body || (w.Header().Get(idem.ReplayedHeader) == "true") != replayed {
				t.Errorf("%s: got %d %q %v", tt.name, w.Code, w.Body, w.Header())
			}
		}
		if runs != 1 {
			t.Errorf("%s: ran %d times", tt.name, runs)
		}
	}
}

// A panic is Gin's to answer. Nobody knows what the handler had done by then.
func TestPanicLeavesTheOutcomeUnknown(t *testing.T) {
	t.Parallel()
	h := guarded(func(*gin.Context) { panic("broken") })
	if w := post(h); w.Code != http.StatusInternalServerError {
		t.Errorf("the panic is answered with %d", w.Code)
	}
	if w := post(h); w.Code != http.StatusConflict || w.Header().Get(idem.StatusHeader) != string(idem.OutcomeUnknown) {
		t.Errorf("its repetition with %d %v", w.Code, w.Header())
	}
}

// Those around the middleware see afterwards the request that they have sent in: its context
// is not that of the handler, which has ended.
func TestRequestIsGivenBack(t *testing.T) {
	t.Parallel()
	var before, after *http.Request
	r := gin.New()
	r.Use(func(c *gin.Context) {
		before = c.Request
		c.Next()
		after = c.Request
	})
	r.POST("/", wrap(server.New(idem.NewMemory(), server.WithSharedScope())), func(c *gin.Context) { c.Status(http.StatusNoContent) })
	if w := post(r); w.Code != http.StatusNoContent || before != after {
		t.Errorf("got %d; the request is another one: %v", w.Code, before != after)
	}
}

func TestFlushReachesTheServer(t *testing.T) {
	t.Parallel()
	r := gin.New()
	nothing := func(next http.Handler) http.Handler { return next }
	r.POST("/", wrap(nothing), func(c *gin.Context) { c.Writer.Flush() })
	if w := post(r); !w.Flushed {
		t.Error("nothing was flushed")
	}
}

// Where a connection cannot be taken over, the handler can still answer.
func TestFailedHijackWritesNothing(t *testing.T) {
	t.Parallel()
	w := &writer{inner: httptest.NewRecorder()}
	if _, _, err := w.Hijack(); !errors.Is(err, http.ErrNotSupported) || w.Written() {
		t.Errorf("got %v; written: %v", err, w.Written())
	}
}

// guarded is a router with the handler at POST /.
func guarded(handle gin.HandlerFunc) http.Handler {
	r := gin.New()
	r.Use(gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, _ any) { c.AbortWithStatus(http.StatusInternalServerError) }))
	r.POST("/", wrap(server.New(idem.NewMemory(), server.WithSharedScope())), handle)
	return r
}

func post(h http.Handler) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
	r.Header.Set(idem.Header, `"one"`)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
