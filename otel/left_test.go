package otel_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/transport"
)

var errPressedStop = errors.New("user pressed stop")

// A caller may leave with a cause of its own, and at any time; the outcome is canceled.
func TestTransportKnowsWhoLeft(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		leave time.Duration
		opts  []transport.Option
	}{
		"in an attempt":             {leave: time.Second},
		"in a wait after a timeout": {leave: 1500 * time.Millisecond, opts: []transport.Option{transport.WithAttemptTimeout(time.Second)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMeters(t)
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(tt.leave, func() { cancel(errPressedStop) })
				hang := roundTripper(func(req *http.Request) (*http.Response, error) {
					<-req.Context().Done()
					return nil, context.Cause(req.Context()) // as http.Transport does
				})
				rt := transport.New(hang, append(tt.opts, goaroundotel.Transport(m.shop()...), second())...)
				if _, err := send(ctx, rt, "GET", url); err == nil {
					t.Fatal("no error")
				}
				if got := m.series(t, "retry.call.duration"); len(got) != 1 || !strings.HasPrefix(got[0], "canceled,") {
					t.Errorf("duration %q, want one that is canceled", got)
				}
			})
		})
	}
}

func TestTransportKnowsWhoLeftADownload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := newMeters(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		download := roundTripper(func(*http.Request) (*http.Response, error) {
			return &http.Response{
				StatusCode: 200, ContentLength: 4, Header: http.Header{"Etag": {`"a"`}}, Body: breaking{strings.NewReader("ab")},
			}, nil
		})
		rt := transport.New(download, goaroundotel.Transport(m.shop()...), second(), transport.WithResume())
		req, err := http.NewRequestWithContext(ctx, "GET", url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := rt.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		time.AfterFunc(500*time.Millisecond, func() { cancel(errPressedStop) })
		if _, err := io.ReadAll(resp.Body); err == nil {
			t.Fatal("no error")
		}
		m.want(t, map[string][]string{"retry.resumes": {"canceled," + target + " 1"}})
	})
}
