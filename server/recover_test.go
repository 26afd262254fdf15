package server_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// crashing answers nothing: the process is dead, as far as anybody can see.
func crashing(w http.ResponseWriter, r *http.Request) {
	server.OutcomeUnknown(r.Context())
	w.WriteHeader(http.StatusBadGateway)
}

func TestRecoverLooksTheTruthUp(t *testing.T) {
	t.Parallel()
	receipt, err := server.EncodeResponse(http.StatusCreated, http.Header{
		"Location": {"/charges/7"}, "Content-Type": {"text/plain"}, "Set-Cookie": {"session=1"}, "Content-Length": {"999"},
	}, []byte("charge 7"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name     string
		truth    idem.Resolution
		err      error
		status   int
		body     string
		replayed bool
		runs     int32
	}{
		{
			name: "it happened", truth: idem.Resolution{State: idem.Done, Record: receipt},
			status: http.StatusCreated, body: "charge 7", replayed: true, runs: 1,
		},
		{name: "it did not happen", status: http.StatusOK, body: "run 2", runs: 2},
		{name: "nobody can tell", err: errors.New("service is down"), status: http.StatusConflict, runs: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var s *service
			asked := ""
			s = serve(t, func(w http.ResponseWriter, r *http.Request) {
				if s.runs.Load() == 1 {
					crashing(w, r)
					return
				}
				fmt.Fprintf(w, "run %d", s.runs.Load())
			}, server.WithRecover(func(r *http.Request, key string) (idem.Resolution, error) {
				asked = r.URL.Path + " " + key
				return tt.truth, tt.err
			}))
			s.post("key-1")
			if asked != "" {
				t.Errorf("the first request asked for %q", asked)
			}
			r := s.post("key-1")
			if asked != "/orders key-1" {
				t.Errorf("asked for %q", asked)
			}
			if r.status != tt.status || r.replayed() != tt.replayed || s.runs.Load() != tt.runs {
				t.Errorf("%d, replayed: %v, after %d runs", r.status, r.replayed(), s.runs.Load())
			}
			if tt.err == nil {
				if r.body != tt.body {
					t.Errorf("body %q, want %q", r.body, tt.body)
				}
				return
			}
			if got := s.problem(r); got != idem.OutcomeUnknown {
				t.Errorf("problem %q, want outcome-unknown", got)
			}
			if err := s.lastAnswer().Err; !errors.Is(err, tt.err) {
				t.Errorf("the observer was told %v, want %v", err, tt.err)
			}
		})
	}
}

// What is recorded for an operator is replayed as a response that the handler gave.
func TestEncodeResponseIsReplayed(t *testing.T) {
	t.Parallel()
	s := serve(t, crashing)
	s.post("key-1")
	var id idem.ID
	for info, err := range s.store.Scan(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		id = info.ID
	}
	record, err := server.EncodeResponse(http.StatusCreated, http.Header{
		"location": {"/charges/7"}, "Vary": {"Accept", "Origin"}, "Date": {"yesterday"}, "Content-Length": {"999"},
	}, []byte("charge 7"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.Resolve(t.Context(), id, idem.Resolution{State: idem.Done, Record: record, TTL: time.Hour}); err != nil {
		t.Fatal(err)
	}
	r := s.post("key-1")
	if r.status != http.StatusCreated || r.body != "charge 7" || !r.replayed() {
		t.Errorf("%d %q, replayed: %v", r.status, r.body, r.replayed())
	}
	if got := r.header.Get("Location"); got != "/charges/7" {
		t.Errorf("Location %q", got)
	}
	if got := r.header.Values("Vary"); len(got) != 2 {
		t.Errorf("Vary %q", got)
	}
	if date, err := http.ParseTime(r.header.Get(idem.DateHeader)); err != nil || time.Since(date) > time.Minute {
		t.Errorf("%s %q, %v: want now", idem.DateHeader, r.header.Get(idem.DateHeader), err)
	}
	if s.runs.Load() != 1 {
		t.Errorf("%d runs", s.runs.Load())
	}
}

func TestEncodeResponseRefusesWhatIsNoResponse(t *testing.T) {
	t.Parallel()
	for _, status := range []int{0, 100, 199, 1000} {
		if _, err := server.EncodeResponse(status, nil, nil); err == nil {
			t.Errorf("status %d: no error", status)
		}
	}
}

func TestTxOutsideOfATransactionalRoute(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, err := server.Tx(r.Context())
		fmt.Fprint(w, errors.Is(err, server.ErrNoTransaction))
	})
	if r := s.post("key-1"); r.body != "true" {
		t.Errorf("Tx in a plain route: ErrNoTransaction = %s", r.body)
	}
	if _, err := server.Tx(t.Context()); !errors.Is(err, server.ErrNoTransaction) {
		t.Errorf("Tx in no route: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a store without transactions is accepted")
		}
	}()
	server.New(idem.NewMemory(), server.WithSharedScope(), server.WithTransactions(nil))
}
