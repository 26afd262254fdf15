package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// The error of a handler is recorded as the response that Echo makes of it, and still heard of
// by the middleware around.
func TestErrorsAreRecorded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err    error
		status int
	}{
		{echo.NewHTTPError(http.StatusPaymentRequired, "too dear"), http.StatusPaymentRequired},
		{errors.New("broken"), http.StatusInternalServerError},
	} {
		var heard []error
		listen := func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c echo.Context) error {
				err := next(c)
				heard = append(heard, err)
				return err
			}
		}
		e := echo.New()
		e.Logger.SetOutput(io.Discard)
		once := server.New(idem.NewMemory(), server.WithSharedScope())
		e.POST("/", func(echo.Context) error { return tt.err }, listen, wrap(once), errorsInside)

		first, second := post(e), post(e)
		if first.Code != tt.status || second.Code != tt.status || first.Body.String() != second.Body.String() {
			t.Errorf("%v: got %d %s, then %d %s", tt.err, first.Code, first.Body, second.Code, second.Body)
		}
		if second.Header().Get(idem.ReplayedHeader) != "true" {
			t.Errorf("%v: the second response is no replay", tt.err)
		}
		if len(heard) != 2 || !errors.Is(heard[0], tt.err) || heard[1] != nil {
			t.Errorf("%v: the middleware around heard of %v", tt.err, heard)
		}
	}
}

// A panic is for middleware.Recover to answer, which stands outside. Nobody knows what the
// handler had done by then.
func TestPanicLeavesTheOutcomeUnknown(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.Logger.SetOutput(io.Discard)
	e.Use(middleware.RecoverWithConfig(middleware.RecoverConfig{DisablePrintStack: true}))
	once := server.New(idem.NewMemory(), server.WithSharedScope())
	e.POST("/", func(echo.Context) error { panic("broken") }, wrap(once), errorsInside)

	if w := post(e); w.Code != http.StatusInternalServerError {
		t.Errorf("the panic is answered with %d", w.Code)
	}
	if w := post(e); w.Code != http.StatusConflict || w.Header().Get(idem.StatusHeader) != string(idem.OutcomeUnknown) {
		t.Errorf("its repetition with %d %v", w.Code, w.Header())
	}
}

// Those around the middleware see afterwards the request that they have sent in: its context
// is not that of the handler, which has ended.
func TestRequestIsGivenBack(t *testing.T) {
	t.Parallel()
	var before, after *http.Request
	look := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			before = c.Request()
			err := next(c)
			after = c.Request()
			return err
		}
	}
	e := echo.New()
	once := server.New(idem.NewMemory(), server.WithSharedScope())
	e.POST("/", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }, look, wrap(once), errorsInside)
	if w := post(e); w.Code != http.StatusNoContent || before != after {
		t.Errorf("got %d; the request is another one: %v", w.Code, before != after)
	}
}

func post(h http.Handler) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header.Set(idem.Header, `"one"`)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
