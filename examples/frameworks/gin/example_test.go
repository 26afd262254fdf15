package main

import (
	"context"
	"os"
	"testing"

	"github.com/gin-gonic/gin"
	"go.uber.org/goleak"

	"github.com/goaroundhq/goaround/examples/frameworks/internal/customers"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.TestMode)
	goleak.VerifyTestMain(m)
}

func Example() {
	if err := customers.Come(context.Background(), os.Stdout, newShop()); err != nil {
		panic(err)
	}
	// Output:
	// ada   monday  tea    201 {"order":1,"goods":"tea"}
	// ada   monday  tea    201 {"order":1,"goods":"tea"} (replayed)
	// grace monday  cake   201 {"order":2,"goods":"cake"}
	// ada   tuesday gold   402 {"message":"too dear"}
	// ada   tuesday gold   402 {"message":"too dear"} (replayed)
	// ada   monday  coffee 422 key-reused
	// ada           tea    400 key-missing
}
