// Command echo mounts the middleware on one route of an Echo server.
//
//	go run ./examples/frameworks/echo
//
// Echo takes standard middleware by echo.WrapMiddleware; wrap.go adds two things. An error that
// a handler returns becomes a response only after all middleware, which is too late for a
// response that is to be recorded first, so it is made one inside. And the middleware's writer
// ends with it, so those around it get back the one that they had: when a handler panics,
// middleware.Recover answers outside. The customers then get:
//
//	ada   monday  tea    201 {"order":1,"goods":"tea"}
//	ada   monday  tea    201 {"order":1,"goods":"tea"} (replayed)
//	grace monday  cake   201 {"order":2,"goods":"cake"}
//	ada   tuesday gold   402 {"message":"too dear"}
//	ada   tuesday gold   402 {"message":"too dear"} (replayed)
//	ada   monday  coffee 422 key-reused
//	ada           tea    400 key-missing
package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"sync/atomic"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/goaroundhq/goaround/examples/frameworks/internal/customers"
	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

func main() {
	if err := customers.Come(context.Background(), os.Stdout, newShop()); err != nil {
		log.Fatal(err)
	}
}

// newShop puts authentication around the middleware, and the middleware around the one route
// that has an effect.
func newShop() http.Handler {
	var s shop
	// In production, with more than one process or a restart: idemredis or idemsql.
	once := server.New(idem.NewMemory(), server.WithScope(customer), server.WithRequired())
	e := echo.New()
	e.Use(middleware.Recover(), middleware.BasicAuth(known))
	e.POST("/orders", s.order, wrap(once), errorsInside)
	return e
}

func known(name, password string, _ echo.Context) (bool, error) {
	want, ok := customers.Passwords[name]
	return ok && subtle.ConstantTimeCompare([]byte(password), []byte(want)) == 1, nil
}

// customer says whose key a request carries; BasicAuth stands outside and has verified it.
func customer(r *http.Request) (idem.Scope, error) {
	name, _, ok := r.BasicAuth()
	if !ok {
		return "", errors.New("request without a customer")
	}
	return idem.Scope(name), nil
}

// shop takes orders and knows nothing of keys.
type shop struct{ orders atomic.Int64 }

type order struct {
	Order int64  `json:"order"`
	Goods string `json:"goods"`
}

func (s *shop) order(c echo.Context) error {
	goods, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, 1<<10))
	if err != nil {
		return echo.NewHTTPError(http.StatusRequestEntityTooLarge, "order too long").SetInternal(err)
	}
	if string(goods) == "gold" {
		return echo.NewHTTPError(http.StatusPaymentRequired, "too dear")
	}
	return c.JSON(http.StatusCreated, order{s.orders.Add(1), string(goods)})
}
