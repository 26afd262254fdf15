package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/transport"
)

// A body that is closed has not broken: nothing is asked for, paid or told.
func TestResumeOfABodyThatIsClosed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body func() io.ReadCloser
		use  func(t *testing.T, body io.ReadCloser)
	}{
		"while it is read": {newHanging, func(t *testing.T, body io.ReadCloser) {
			time.AfterFunc(time.Second, func() { _ = body.Close() })
			if _, err := io.Copy(io.Discard, body); err == nil {
				t.Error("no error")
			}
		}},
		"after a break": {func() io.ReadCloser { return io.NopCloser(both{whole[:4], errBroken}) }, func(t *testing.T, body io.ReadCloser) {
			if n, err := body.Read(make([]byte, 10)); n != 4 || err != nil {
				t.Error(n, err)
			}
			_ = body.Close()
			if n, err := body.Read(make([]byte, 10)); n != 0 || !errors.Is(err, http.ErrBodyReadAfterClose) {
				t.Error(n, err)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				budget := transport.NewBudget()
				sent, told := 0, 0
				rt := transport.Resume(transport.WithBackoff(noWait), transport.WithBudget(budget), transport.WithTarget(targetAPI),
					transport.WithStepObserver(transport.StepObserver{Resume: func(context.Context, transport.Resumed) { told++ }}),
				)(roundTripperFunc(func(req *http.Request) (*http.Response, error) {
					sent++
					return &http.Response{StatusCode: 200, ContentLength: 10, Header: http.Header{"Etag": {etag}}, Body: tt.body(), Request: req}, nil
				}))
				resp, err := rt.RoundTrip(newRequest(t, "GET", ""))
				if err != nil {
					t.Fatal(err)
				}
				tt.use(t, resp.Body)
				_ = resp.Body.Close()
				if got := budget.State("api"); sent != 1 || told != 0 || got.Retries != 0 {
					t.Errorf("%d requests, %d breaks told, budget %+v", sent, told, got)
				}
			})
		})
	}
}

// hanging is a body that gives nothing until it is closed. Closing it takes a moment longer
// than that, as over TLS, where an alert is written.
type hanging struct {
	closing chan struct{}
	once    sync.Once
}

func newHanging() io.ReadCloser { return &hanging{closing: make(chan struct{})} }

func (b *hanging) Read([]byte) (int, error) {
	<-b.closing
	return 0, errBroken
}

func (b *hanging) Close() error {
	b.once.Do(func() { close(b.closing) })
	time.Sleep(time.Second)
	return nil
}
