package main

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// wrap is echo.WrapMiddleware, and gives back the request and the response: those of the
// middleware end with it, also when the handler panics. It is for any standard middleware that
// returns only after the handler has; http.TimeoutHandler does not.
func wrap(m func(http.Handler) http.Handler) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		wrapped := echo.WrapMiddleware(m)(next)
		return func(c echo.Context) error {
			request, response := c.Request(), c.Response()
			defer func() {
				c.SetRequest(request)
				c.SetResponse(response)
			}()
			return wrapped(c)
		}
	}
}

// errorsInside makes responses of errors before the middleware around it records them. It
// returns the error, too, for those who log it; a second response is not made of it.
func errorsInside(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err != nil {
			c.Error(err)
		}
		return err
	}
}
