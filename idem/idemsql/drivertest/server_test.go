package drivertest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
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

// shop is a transactional handler behind a real server.
type shop struct {
	*testing.T
	effects effects
	url     string
	client  *http.Client
	runs    atomic.Int32
	told    chan server.Answer
}

// sale is what a handler of a shop does, in a transaction in which it has had its effect.
type sale func(w http.ResponseWriter, r *http.Request, tx *sql.Tx)

func sold(w http.ResponseWriter, _ *http.Request, _ *sql.Tx) {
	w.Header().Set("Location", "/sales/1")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, "sold")
}

// patience with a store on a busy machine.
const patience = 20 * time.Second

// openShop opens one whose first sale goes as given, and the others go well.
func openShop(t *testing.T, d database, first sale, opts ...server.Option) *shop {
	t.Helper()
	db := d.open(t)
	return openShopOn(t, migrated(t, db, d.dialect), db, first, opts...)
}

func openShopOn(t *testing.T, store server.TxStore, db *sql.DB, first sale, opts ...server.Option) *shop {
	t.Helper()
	s := &shop{T: t, effects: newEffects(t, db), told: make(chan server.Answer, 100)}
	tell := func(_ context.Context, a server.Answer) { s.told <- a }
	opts = append([]server.Option{
		server.WithSharedScope(), server.WithTransactions(nil), server.WithObserver(server.Observer{Answered: tell}),
		server.WithGuard(idem.WithStoreTimeout(patience), idem.WithFinishTimeout(patience)),
	}, opts...)
	ts := httptest.NewUnstartedServer(server.New(store, opts...)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.sell(w, r, first)
	})))
	ts.Config.ErrorLog = log.New(io.Discard, "", 0)
	ts.Start()
	t.Cleanup(ts.Close)
	s.url, s.client = ts.URL, ts.Client()
	return s
}

func (s *shop) sell(w http.ResponseWriter, r *http.Request, first sale) {
	run := s.runs.Add(1)
	tx, err := server.Tx(r.Context())
	if err == nil {
		_, err = io.Copy(io.Discard, r.Body)
	}
	if err == nil {
		err = s.effects.add(r.Context(), tx)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if run == 1 {
		first(w, r, tx)
		return
	}
	sold(w, r, tx)
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (s *shop) buy(key string) (answer, error) {
	req, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url, strings.NewReader("book"))
	if err != nil {
		return answer{}, err
	}
	if key != "" {
		req.Header.Set(idem.Header, key)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(body)}, err
}

// expect buys and checks the answer; problem is "" for a response of the handler.
func (s *shop) expect(key string, status int, problem idem.Status, replayed bool) answer {
	s.Helper()
	a, err := s.buy(key)
	if err != nil {
		s.Fatal(err)
	}
	if got := idem.Status(a.header.Get(idem.StatusHeader)); a.status != status || got != problem {
		s.Errorf("%d %s %q, want %d %s", a.status, got, a.body, status, problem)
	}
	if got := a.header.Get(idem.ReplayedHeader) == "true"; got != replayed {
		s.Errorf("replayed: %v, want %v", got, replayed)
	}
	return a
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

// The commit itself fails: a constraint that is checked there, and a connection that dies
// there. The response of the handler must not be seen, nor anything that it set.
func TestTransactionThatCannotCommit(t *testing.T) {
	t.Parallel()
	db := postgres(t)
	for name, spoil := range map[string]string{
		"constraint": "INSERT INTO %[1]s_unique VALUES (1), (1)",
		"connection": "SELECT pg_terminate_backend(pg_backend_pid())",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s *shop
			s = openShopOn(t, migrated(t, db, idemsql.PostgreSQL), db, func(w http.ResponseWriter, r *http.Request, tx *sql.Tx) {
				_, err := tx.ExecContext(r.Context(), strings.ReplaceAll(spoil, "%[1]s", s.effects.name))
				if name == "constraint" && err != nil {
					t.Error(err)
				}
				sold(w, r, tx)
			})
			s.effects.exec(t, fmt.Sprintf("CREATE TABLE %s_unique (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)", s.effects.name))
			a := s.expect("key", 503, idem.StoreUnavailable, false)
			if a.header.Get("Location") != "" || a.header.Get("Retry-After") == "" || strings.Contains(a.body, "sold") {
				t.Errorf("header %v with body %q", a.header, a.body)
			}
			told := <-s.told
			if told.Outcome != server.Outcome(idem.StoreUnavailable) || told.Status != 503 || told.Err == nil {
				t.Errorf("the observer was told %+v", told)
			}
			s.effects.expect(t, 0)
			s.expect("key", 201, "", false)
			s.expect("key", 201, "", true)
			s.effects.expect(t, 1)
		})
	}
}

// Deferred rollbacks are a habit; here they would undo what the response says is done.
func TestTransactionEndedByItsHandler(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]sale{
		"rollback": func(w http.ResponseWriter, r *http.Request, tx *sql.Tx) {
			defer tx.Rollback() //nolint:errcheck // as it is usually written
			sold(w, r, tx)
		},
		"commit": func(w http.ResponseWriter, r *http.Request, tx *sql.Tx) {
			if err := tx.Commit(); err != nil {
				panic(err)
			}
			sold(w, r, tx)
		},
		"rollback and failure": func(w http.ResponseWriter, _ *http.Request, tx *sql.Tx) {
			_ = tx.Rollback()
			http.Error(w, "no", http.StatusBadGateway)
		},
		"rollback and refusal": func(w http.ResponseWriter, _ *http.Request, tx *sql.Tx) {
			_ = tx.Rollback()
			http.Error(w, "no", http.StatusPaymentRequired)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, d database) {
				s := openShop(t, d, first)
				s.expect("key", 500, idem.ResponseNotStored, false)
				if told := <-s.told; !errors.Is(told.Err, idem.ErrTxEnded) {
					t.Errorf("the observer was told %v, want ErrTxEnded", told.Err)
				}
				s.expect("key", 409, idem.ResponseNotStored, false)
				if n := s.runs.Load(); n != 1 {
					t.Errorf("%d runs", n)
				}
			})
		})
	}
}

// The client hangs up while the handler works: what is done is done, and known.
func TestTransactionOutlivesItsClient(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		working := make(chan struct{})
		s := openShop(t, d, func(w http.ResponseWriter, r *http.Request, tx *sql.Tx) {
			close(working)
			<-r.Context().Done()
			sold(w, r, tx)
		})
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, strings.NewReader("book"))
		noError(t, err)
		req.Header.Set(idem.Header, "key")
		go func() {
			<-working
			cancel()
		}()
		if resp, err := s.client.Do(req); err == nil {
			_ = resp.Body.Close()
			t.Error("the client got a response")
		}
		if told := <-s.told; told.Err != nil || told.Ending != idem.Completed {
			t.Errorf("the observer was told %+v", told)
		}
		s.expect("key", 201, "", true)
		s.effects.expect(t, 1)
	})
}

// unrenewed is a store whose leases nobody renews, as when a process is stopped.
type unrenewed struct{ *idemsql.Store }

func (unrenewed) Extend(context.Context, idem.Claim, time.Duration) error {
	return errors.New("stopped")
}

// overtaken opens a shop whose first sale sleeps longer than its lease and ends as given
// when another one has been made. It returns what the first one answers.
func overtaken(t *testing.T, end sale) (*shop, answer) {
	t.Helper()
	db := postgres(t)
	asleep, wake := make(chan struct{}), make(chan struct{})
	s := openShopOn(t, unrenewed{migrated(t, db, idemsql.PostgreSQL)}, db, func(w http.ResponseWriter, r *http.Request, tx *sql.Tx) {
		close(asleep)
		<-wake
		end(w, r, tx)
	}, server.WithGuard(idem.WithLease(300*time.Millisecond)))
	got := make(chan answer, 1)
	go func() {
		a, err := s.buy("key")
		if err != nil {
			t.Error(err)
		}
		got <- a
	}()
	<-asleep
	until(t, "the sale is taken over", func() bool {
		a, err := s.buy("key")
		return err == nil && a.status == 201
	})
	close(wake)
	return s, <-got
}

// A process sleeps longer than its lease, another one does the work, and the first wakes
// up: what it did is undone.
func TestTransactionIsOvertaken(t *testing.T) {
	t.Parallel()
	s, a := overtaken(t, sold)
	if a.status != 409 || a.header.Get(idem.StatusHeader) != string(idem.InProgress) {
		t.Errorf("the one that was overtaken answers %d %s", a.status, a.body)
	}
	s.effects.expect(t, 1)
	s.expect("key", 201, "", true)
	if n := s.runs.Load(); n != 2 {
		t.Errorf("%d runs, want 2", n)
	}
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
