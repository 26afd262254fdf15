package drivertest

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

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

// expectEnded buys twice from a handler that ends its transaction itself: it runs once, and what
// became of its effect is not known.
func (s *shop) expectEnded(key string) {
	s.Helper()
	s.expect(key, 500, idem.ResponseNotStored, false)
	if told := <-s.told; !errors.Is(told.Err, idem.ErrTxEnded) {
		s.Errorf("the observer was told %v, want ErrTxEnded", told.Err)
	}
	s.expect(key, 409, idem.ResponseNotStored, false)
	if n := s.runs.Load(); n != 1 {
		s.Errorf("%d runs", n)
	}
}
