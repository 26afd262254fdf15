package transporttest_test

import (
	"net/http"
	"testing"

	"github.com/goaroundhq/goaround/transport/transporttest"
)

// What net/http does is lawful by definition.
func TestNetHTTP(t *testing.T) {
	transporttest.Run(t, transporttest.Target{New: func(base http.RoundTripper) http.RoundTripper { return base }})
}
