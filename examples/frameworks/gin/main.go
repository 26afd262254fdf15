// Command gin mounts the middleware on one route of a Gin router.
//
//	go run ./examples/frameworks/gin
//
// Gin has a signature of its own for middleware, and a writer of its own; wrap.go makes it one
// of the other, for this and for any standard middleware that returns only after the handler
// has (http.TimeoutHandler does not). The customers then get:
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
	"errors"
	"io"
	"log"
	"net/http"
	"os"
	"sync/atomic"

	"github.com/gin-gonic/gin"

	"github.com/goaroundhq/goaround/examples/frameworks/internal/customers"
	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

func main() {
	gin.SetMode(gin.ReleaseMode) // which prints less
	if err := customers.Come(context.Background(), os.Stdout, newShop()); err != nil {
		log.Fatal(err)
	}
}

// newShop puts authentication around the middleware, and the middleware around the one route
// that has an effect. Middleware that makes responses of the errors in c.Errors belongs inside
// of it, after wrap(once): what is written later is not recorded.
func newShop() http.Handler {
	var s shop
	// In production, with more than one process or a restart: idemredis or idemsql.
	once := server.New(idem.NewMemory(), server.WithScope(customer), server.WithRequired())
	r := gin.New()
	r.Use(gin.Recovery(), gin.BasicAuth(customers.Passwords))
	r.POST("/orders", wrap(once), s.order)
	return r
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

func (s *shop) order(c *gin.Context) {
	goods, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, 1<<10))
	switch {
	case err != nil:
		c.JSON(http.StatusRequestEntityTooLarge, gin.H{"message": "order too long"})
	case string(goods) == "gold":
		c.JSON(http.StatusPaymentRequired, gin.H{"message": "too dear"})
	default:
		c.JSON(http.StatusCreated, order{s.orders.Add(1), string(goods)})
	}
}
