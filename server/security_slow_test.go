package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// slowly serves clients that send their bodies byte by byte, for as long as they like: until
// hurry is closed, when the handlers lose patience. Then they say that nothing happened.
func slowly(t *testing.T, lease time.Duration, renewed func(context.Context, idem.RenewedInfo)) (s *service, hurry chan struct{}) {
	hurry = make(chan struct{})
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		read := make(chan error, 1)
		go func() {
			_, err := io.Copy(io.Discard, r.Body)
			read <- err
		}()
		select {
		case err := <-read:
			read <- err
		case <-hurry:
			if err := http.NewResponseController(w).SetReadDeadline(time.Now()); err != nil {
				t.Error(err)
			}
		}
		switch err := <-read; {
		case errors.Is(err, os.ErrDeadlineExceeded):
			w.WriteHeader(http.StatusRequestTimeout)
		case err != nil:
			t.Error(err)
		default:
			w.WriteHeader(http.StatusCreated)
		}
	}, server.WithGuard(idem.WithLease(lease), idem.WithGuardObserver(idem.Observer{Renewed: renewed})))
	return s, hurry
}

// drip begins a request whose body never ends, and goes on until the server answers. It
// returns the answer.
func (s *service) drip(key string, every time.Duration) <-chan string {
	conn := s.dial()
	head := fmt.Sprintf("POST /orders HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\nIdempotency-Key: %s\r\nContent-Length: 1000000\r\n\r\n", key)
	if _, err := io.WriteString(conn, head); err != nil {
		s.Error(err)
	}
	answered, answer := make(chan struct{}), make(chan string, 1)
	go func() {
		defer close(answered)
		text := make([]byte, 12)
		if _, err := io.ReadFull(conn, text); err != nil {
			s.Errorf("%s: %v", key, err)
		}
		answer <- string(text)
	}()
	go func() {
		drops := time.NewTicker(every)
		defer drops.Stop()
		for {
			select {
			case <-drops.C:
				if _, err := conn.Write([]byte("x")); err != nil {
					return // the server has answered, and hung up
				}
			case <-answered:
				return
			}
		}
	}()
	return answer
}

// A client that drips holds its own key, for as long as the handler bears it, and nothing
// else: others are told so at once, and go their way with keys of their own.
func TestSlowBodyHoldsItsKeyOnly(t *testing.T) {
	t.Parallel()
	const lease = 3 * time.Second // a renewal has a third of it, on a busy machine too
	var renewals atomic.Int32
	lived := make(chan struct{})
	s, hurry := slowly(t, lease, func(_ context.Context, info idem.RenewedInfo) {
		if info.Err != nil {
			t.Error(info.Err)
		}
		if renewals.Add(1) == 5 {
			close(lived)
		}
	})
	slow := s.drip("k", 20*time.Millisecond)
	await(t, "the handler", func() bool { return s.runs.Load() == 1 })
	s.expectProblem(s.post("k"), http.StatusConflict, idem.InProgress)
	select {
	case <-lived: // more than one lease long, only because it is renewed
	case <-time.After(30 * time.Second):
		t.Fatal("the lease is not renewed")
	}
	s.expectProblem(s.post("k"), http.StatusConflict, idem.InProgress)
	s.expect(s.post("another"), http.StatusCreated, "")
	s.expectRuns(2)
	close(hurry)
	if got := <-slow; got != "HTTP/1.1 408" {
		t.Errorf("the slow client got %q", got)
	}
	again := s.post("k") // nothing happened, so the key is free
	s.expect(again, http.StatusCreated, "")
	if again.replayed() {
		t.Error("the slow client's response was kept")
	}
}

// Many of them cost their claims, which end.
func TestManySlowBodies(t *testing.T) {
	t.Parallel()
	const clients, record = 200, 576
	s, hurry := slowly(t, idem.DefaultLease, nil)
	answers := make([]<-chan string, clients)
	for i := range answers {
		answers[i] = s.drip(fmt.Sprint("slow ", i), 50*time.Millisecond)
	}
	await(t, "the handlers", func() bool { return s.runs.Load() == clients })
	if n := s.store.Bytes(); n > clients*record {
		t.Errorf("%d claims take %d bytes", clients, n)
	}
	close(hurry)
	for i, answer := range answers {
		if got := <-answer; got != "HTTP/1.1 408" {
			t.Errorf("slow client %d got %q", i, got)
		}
	}
	await(t, "the claims to end", func() bool { return s.store.Bytes() == 0 })
}

// await looks until it is so.
func await(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
