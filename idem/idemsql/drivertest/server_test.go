package drivertest

import (
	"database/sql"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/server/servertest"
)

// The HTTP suite runs on the stores without transactions; with them, see below.
func TestServerScenarios(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		store := migrated(t, d.open(t), d.dialect)
		servertest.Run(t, servertest.Target{
			Open: func(*testing.T) idem.Store { return store },
			Unit: 200 * time.Millisecond,
		})
	})
}

func TestTransactionCommitsOnlySuccess(t *testing.T) {
	t.Parallel()
	status := func(code int) sale {
		return func(w http.ResponseWriter, _ *http.Request, _ *sql.Tx) { http.Error(w, "no", code) }
	}
	for _, tt := range []struct {
		name    string
		first   sale
		status  int  // of the first response
		effects int  // after it
		kept    bool // it is what the second request gets; otherwise that runs
	}{
		{name: "201", first: sold, status: 201, effects: 1, kept: true},
		{name: "303", first: status(303), status: 303, effects: 1, kept: true},
		{name: "402", first: status(402), status: 402, kept: true},
		{name: "429", first: status(429), status: 429},
		{name: "500", first: status(500), status: 500},
		{name: "503", first: status(503), status: 503},
		{name: "nothing happened", status: 200, first: func(w http.ResponseWriter, r *http.Request, _ *sql.Tx) {
			server.NothingHappened(r.Context())
			_, _ = io.WriteString(w, "sold out")
		}},
		{name: "outcome unknown", status: 502, first: func(w http.ResponseWriter, r *http.Request, _ *sql.Tx) {
			server.OutcomeUnknown(r.Context())
			w.WriteHeader(502)
		}},
		{name: "panic", first: func(http.ResponseWriter, *http.Request, *sql.Tx) { panic("broken") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, d database) {
				s := openShop(t, d, tt.first)
				s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
				a, err := s.buy("key")
				if (err != nil) != (tt.status == 0) || a.status != tt.status {
					t.Errorf("first response %d, %v, want %d", a.status, err, tt.status)
				}
				s.effects.expect(t, tt.effects)
				if tt.kept {
					s.expect("key", tt.status, "", true)
					s.effects.expect(t, tt.effects)
				} else {
					s.expect("key", 201, "", false)
					s.expect("key", 201, "", true)
					s.effects.expect(t, 1)
				}
			})
		})
	}
}

func TestTransactionOfManyAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		s := openShop(t, d, sold, server.WithGuard(idem.WithWait(20*time.Second)))
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if a, err := s.buy("key"); err != nil || a.status != 201 || a.body != "sold" {
					t.Errorf("%d %q, %v", a.status, a.body, err)
				}
			})
		}
		wg.Wait()
		s.effects.expect(t, 1)
		if n := s.runs.Load(); n != 1 {
			t.Errorf("%d runs", n)
		}
	})
}

// Nobody sees a response before its effect is there for all to see.
func TestTransactionCommitsBeforeTheResponse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		long := strings.Repeat("x", 64<<10)
		release := make(chan struct{})
		s := openShop(t, d, func(w http.ResponseWriter, _ *http.Request, _ *sql.Tx) {
			_, _ = io.WriteString(w, long)
			if err := http.NewResponseController(w).Flush(); !errors.Is(err, http.ErrNotSupported) {
				t.Errorf("Flush: %v, want ErrNotSupported", err)
			}
			if _, _, err := http.NewResponseController(w).Hijack(); !errors.Is(err, http.ErrNotSupported) {
				t.Errorf("Hijack: %v, want ErrNotSupported", err)
			}
			<-release
		}, server.WithMaxBody(1<<10))
		got := make(chan answer, 1)
		go func() {
			a, err := s.buy("key")
			if err != nil {
				t.Error(err)
			}
			got <- a
		}()
		until(t, "the handler runs", func() bool { return s.runs.Load() == 1 })
		select {
		case a := <-got:
			t.Errorf("%d %d bytes before the handler returned", a.status, len(a.body))
		case <-time.After(50 * time.Millisecond): // the failure is what would come early
		}
		close(release)
		if a := <-got; a.status != 200 || a.body != long {
			t.Errorf("%d with %d bytes, want 200 with %d", a.status, len(a.body), len(long))
		}
		s.effects.expect(t, 1)
		s.expect("key", 409, idem.ResponseNotStored, false) // it was longer than what is kept
		s.effects.expect(t, 1)
	})
}

// Without a key there is no record to commit: such a request is refused.
func TestTransactionNeedsAKey(t *testing.T) {
	t.Parallel()
	s := openShop(t, database{idemsql.SQLite, sqlite}, sold)
	s.expect("", 400, idem.KeyMissing, false)
	s.effects.expect(t, 0)
}

func TestTransactionOptionsThatContradict(t *testing.T) {
	t.Parallel()
	store := idemsql.New(sqlite(t), idemsql.SQLite)
	for name, opt := range map[string]server.Option{
		"fail open": server.WithFailOpen(),
		"recover": server.WithRecover(func(*http.Request, string) (idem.Resolution, error) {
			return idem.Resolution{}, nil
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			server.New(store, server.WithSharedScope(), server.WithTransactions(nil), opt)
		})
	}
}
