package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// lagging gives one byte and then waits for its end.
type lagging struct{ entered, end chan struct{} }

func (l *lagging) Read(p []byte) (int, error) {
	select {
	case <-l.entered:
		<-l.end
		return 0, io.EOF
	default:
		close(l.entered)
		return copy(p, "a"), nil
	}
}

// A goroutine of the handler may still copy, past the record, when the handler has returned. The
// race detector sees whether it counts what the middleware reads then.
func TestCopyThatEndsAfterTheHandler(t *testing.T) {
	t.Parallel()
	for range 100 {
		src, done := &lagging{make(chan struct{}), make(chan struct{})}, make(chan struct{})
		h := server.New(idem.NewMemory(), server.WithSharedScope(), server.WithMaxBody(1))(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "18") // one more than was written, and the copy is the rest
			_, _ = io.WriteString(w, "more than is kept")
			go func() {
				defer close(done)
				_, _ = io.Copy(w, src)
			}()
			<-src.entered
			go close(src.end)
		}))
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", http.NoBody)
		req.Header.Set(idem.Header, "k")
		h.ServeHTTP(&sink{header: http.Header{}}, req)
		<-done
	}
}
