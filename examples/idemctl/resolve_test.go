package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// What an operator resolves is what the middleware answers.
func TestResolveToAResponse(t *testing.T) {
	t.Parallel()
	body := filepath.Join(t.TempDir(), "body")
	noError(t, os.WriteFile(body, []byte("order 7: tea\n"), 0o600))
	each(t, func(s session, store idem.Store) {
		s.run(with("resolve", flagsOf(aKey), "--happened", "--status", "201", "--yes",
			"--header", "Location: /orders/7", "--header", "X-Goods: tea, milk", "--body-file", body)...).
			says(exitOK, idOf(aKey).String()+": resolved, it happened\n", "state unknown\n",
				"for TIME, those who ask again get\n 201 Created\n Location: /orders/7\n X-Goods: tea, milk\n and 13 bytes of body\n")
		w := request(s, store)
		if w.Code != http.StatusCreated || w.Body.String() != "order 7: tea\n" ||
			w.Header().Get("Location") != "/orders/7" || w.Header().Get("X-Goods") != "tea, milk" {
			s.Errorf("got %d %v %q", w.Code, w.Header(), w.Body)
		}
	})
}

func TestResolveToNothing(t *testing.T) {
	t.Parallel()
	each(t, func(s session, store idem.Store) {
		s.run("resolve", "--did-not-happen", "--yes", idOf(aKey).String()).
			says(exitOK, "resolved, it did not happen\n", "the next request with its key will run it")
		if w := request(s, store); w.Code != http.StatusTeapot {
			s.Errorf("got %d, want what the handler says", w.Code)
		}
	})
}

// request asks for the operation again whose outcome was not known.
func request(s session, store idem.Store) *httptest.ResponseRecorder {
	scope := server.WithScope(func(*http.Request) (idem.Scope, error) { return "ada", nil })
	h := server.New(store, scope)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	}))
	r := httptest.NewRequestWithContext(s.Context(), http.MethodPost, "/orders?express=1", strings.NewReader("tea"))
	r.Header.Set(idem.Header, aKey)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// The result of idem.Do is what an operator gave it.
func TestResolveToAResult(t *testing.T) {
	t.Parallel()
	each(t, func(s session, store idem.Store) {
		op := idem.Operation{Namespace: "shop", Name: "charge", Scope: idem.SharedScope, Key: aKey}
		timeout := errors.New("the payment service does not answer")
		charge := func() (map[string]int, error) {
			return idem.Do(s.Context(), idem.NewGuard(store), op, func(context.Context) (map[string]int, error) {
				return nil, timeout
			})
		}
		if _, err := charge(); !errors.Is(err, timeout) {
			s.Errorf("got %v, want what the function says", err)
		}
		s.run("resolve", "--namespace", "shop", "--operation", "charge", "--scope", "*", "--key", aKey,
			"--happened", "--result", `{"paid": 500}`, "--ttl", "1h", "-y").
			says(exitOK, "resolved, it happened", `for TIME, those who ask again get`, `{"paid": 500}`)
		got, err := charge()
		noError(s.T, err)
		if got["paid"] != 500 {
			s.Errorf("got %v", got)
		}
	})
}

func TestResolveRefuses(t *testing.T) {
	t.Parallel()
	each(t, func(s session, store idem.Store) {
		s.run(with("resolve", flagsOf(bKey), "--did-not-happen", "-y")...).
			says(exitFailed, "record is not unknown but pending: nothing was changed. It runs now.")
		s.run(with("resolve", flagsOf(cKey), "--happened", "--status", "201", "-y")...).
			says(exitFailed, "record is not unknown but done: nothing was changed. It is complete")
		s.run(with("resolve", flagsOf("another"), "--did-not-happen", "-y")...).
			says(exitFailed, "no such claim: the store has no record")
		expectState(s.T, store, bKey, idem.Pending)
		expectState(s.T, store, cKey, idem.Done)
	})
}

// A record that another tool ends between the look and the deed is refused too.
func TestResolveIsLate(t *testing.T) {
	t.Parallel()
	memory := idem.NewMemory()
	seed(t, memory)
	command := resolveCommand{target: target{Record: idOf(aKey).String()}, outcome: outcome{DidNotHappen: true}, Yes: true}
	c := console{strings.NewReader(""), new(bytes.Buffer), new(bytes.Buffer), false}
	err := command.Run(t.Context(), &c, quicker{memory})
	if !errors.Is(err, idem.ErrLost) || !strings.Contains(err.Error(), "somebody else was quicker") {
		t.Errorf("got %v", err)
	}
}

// quicker is a store in which somebody else resolves a record first.
type quicker struct{ idem.Admin }

func (q quicker) Resolve(ctx context.Context, id idem.ID, r idem.Resolution) error {
	return errors.Join(q.Admin.Resolve(ctx, id, r), q.Admin.Resolve(ctx, id, r))
}

// A run that begins while the user thinks is not what was shown, and is left alone.
func TestResolvesTheRunThatWasShown(t *testing.T) {
	t.Parallel()
	memory := idem.NewMemory()
	seed(t, memory)
	again := func() { // resolved by somebody else, run again, and abandoned again
		id := idOf(aKey)
		noError(t, memory.Resolve(t.Context(), id, idem.Resolution{State: idem.Absent}))
		result, err := memory.Claim(t.Context(), idem.ClaimRequest{ID: id, Owner: idem.NewOwner(), Lease: time.Hour, TTL: time.Hour})
		noError(t, err)
		noError(t, memory.Abandon(t.Context(), result.Claim, "died, too"))
	}
	command := resolveCommand{target: target{Record: idOf(aKey).String()}, outcome: outcome{DidNotHappen: true}}
	c := console{thinking{again, strings.NewReader("yes\n")}, new(bytes.Buffer), new(bytes.Buffer), true}
	err := command.Run(t.Context(), &c, memory)
	if !errors.Is(err, idem.ErrResolve) || !strings.Contains(err.Error(), "somebody else was quicker") {
		t.Errorf("got %v", err)
	}
	expectState(t, memory, aKey, idem.Unknown)
}

// thinking is a user during whose thoughts something happens.
type thinking struct {
	happens func()
	*strings.Reader
}

func (r thinking) Read(p []byte) (int, error) {
	r.happens()
	return r.Reader.Read(p)
}

// The run that list showed can be named, so that no other one is resolved without a question.
func TestResolvesTheRunThatIsNamed(t *testing.T) {
	t.Parallel()
	each(t, func(s session, store idem.Store) {
		info, err := store.(idem.Admin).Get(s.Context(), idOf(aKey))
		noError(s.T, err)
		resolve := func(fence uint64) answered {
			return s.run(with("resolve", flagsOf(aKey), "--did-not-happen", "-y", "--fence", strconv.FormatUint(fence, 10))...)
		}
		resolve(info.Fence-1).says(exitFailed, "the record is of another run by now, with fence FENCE: nothing was changed")
		expectState(s.T, store, aKey, idem.Unknown)
		resolve(info.Fence).says(exitOK, "resolved, it did not happen")
	})
}
