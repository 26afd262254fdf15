package eventlog_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/otel/eventlog"
	"github.com/goaroundhq/goaround/server"
)

// A first run is not logged; what is not one is, and hashed, for those who look closely.
func ExampleServer() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{} // so that the output is always the same
			}
			return a
		},
	}))
	once := server.New(idem.NewMemory(), server.WithSharedScope(), eventlog.Server(logger))
	mux := http.NewServeMux()
	mux.Handle("POST /orders", once(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
	})))
	for _, key := range []string{"order-17", "order-17", "a, b"} {
		req := httptest.NewRequest(http.MethodPost, "/orders", http.NoBody)
		req.Header.Set(idem.Header, key)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, req)
		fmt.Println(w.Code)
	}
	// Output:
	// 201
	// level=DEBUG msg="request answered" outcome=replayed status=201 pattern="POST /orders" id=a32bf1168e68f1b8
	// 201
	// level=DEBUG msg="request answered" outcome=key-invalid status=400 pattern="POST /orders" error="idem: idempotency key invalid: quote or comma in a bare key"
	// 400
}
