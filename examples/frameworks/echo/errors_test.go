package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

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
		e.POST("/", func(echo.Context) error { return tt.err }, listen, echo.WrapMiddleware(once), errorsInside)

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

func post(h http.Handler) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header.Set(idem.Header, `"one"`)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
