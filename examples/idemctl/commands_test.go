package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

func TestList(t *testing.T) {
	t.Parallel()
	each(t, func(s session, _ idem.Store) {
		line := map[string]string{}
		for key, rest := range map[string]string{
			aKey: " unknown 1 FENCE TIME - TIME 0 handler\uFFFDpanicked\uFFFD[2J\n",
			bKey: " pending 1 FENCE TIME TIME TIME 0 -\n",
			cKey: " done 1 FENCE TIME - TIME 11 -\n",
		} {
			line[key] = idOf(key).String() + rest
		}
		const heading = "ID STATE ATTEMPT FENCE AGE LEASE LEFT EXPIRES IN BYTES REASON\n"
		all := s.run("list")
		all.says(exitOK, heading+line[aKey]+line[bKey]+line[cKey])
		if all.err != "" {
			s.Errorf("stderr %q, want nothing", all.err)
		}
		s.run("list", "--state", "done").says(exitOK, heading+line[cKey])
		s.run("list", "--limit", "1").says(exitOK, heading+line[aKey]+"1 of about 3 records; --limit 0 shows all\n")
		s.run("list", "--limit", "0").says(exitOK, heading+line[aKey]+line[bKey]+line[cKey])
	})
}

func TestListAsJSON(t *testing.T) {
	t.Parallel()
	each(t, func(s session, _ idem.Store) {
		states := map[string]string{}
		for line := range strings.Lines(s.run("list", "--json").out) {
			var r record
			noError(s.T, json.Unmarshal([]byte(line), &r))
			states[r.ID] = r.State
			if r.Attempt != 1 || r.Fence == 0 || r.ExpiresIn <= 0 || (r.LeaseLeft > 0) != (r.State == "pending") {
				s.Errorf("got %+v", r)
			}
		}
		for key, want := range map[string]string{aKey: "unknown", bKey: "pending", cKey: "done"} {
			if got := states[idOf(key).String()]; got != want {
				s.Errorf("%s is %q, want %q", key, got, want)
			}
		}
		if got := strings.Count(s.run("list", "--json", "--limit", "2").out, "\n"); got != 2 {
			s.Errorf("%d lines, want 2", got)
		}
		s.run("list", "--json", "--state", "unknown").says(exitOK, `"id":"`+idOf(aKey).String(), `"reason":"handler\tpanicked\u001b[2J"`)
	})
}

func TestShow(t *testing.T) {
	t.Parallel()
	each(t, func(s session, _ idem.Store) {
		id := idOf(bKey).String()
		want := "id " + id + "\nstate pending\nattempt 1\nfence FENCE\nage TIME\nlease left TIME\nexpires in TIME\nsize 0 bytes\nreason -\n"
		s.run("show", id).says(exitOK, want, "It runs now.")
		s.run(with("show", flagsOf(bKey))...).says(exitOK, want)
		s.run("show", "--json", id).says(exitOK, `{"id":"`+id+`","state":"pending"`)
		s.run(with("show", flagsOf(aKey))...).says(exitOK, "state unknown\n", "Find out whether it happened")
		s.run(with("show", flagsOf(cKey))...).says(exitOK, "state done\n", "size 11 bytes\n", "It is complete")
		s.run(with("show", flagsOf("another"))...).says(exitFailed, "no such claim: the store has no record "+idOf("another").String())
	})
}

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

func TestPurge(t *testing.T) {
	t.Parallel()
	each(t, func(s session, store idem.Store) {
		s.run(with("purge", flagsOf(bKey), "--yes")...).says(exitOK, idOf(bKey).String()+": forgotten\n", "WARNING: it runs now.")
		s.run(with("purge", flagsOf(aKey), "--yes")...).says(exitOK, "forgotten", "It may have happened.")
		s.run("purge", "--yes", idOf(cKey).String()).says(exitOK, "forgotten", "The next request with its key will run it again.")
		for _, key := range []string{aKey, bKey, cKey} {
			expectState(s.T, store, key, idem.Absent)
		}
		s.run(with("purge", flagsOf(cKey), "--yes")...).says(exitFailed, "the store has no record")
		s.run("list").says(exitOK, "no records\n")
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

// Nothing is changed before somebody has agreed.
func TestConfirmation(t *testing.T) {
	t.Parallel()
	url, store := onSQLite(t)
	seed(t, store)
	resolve, purge := with("resolve", flagsOf(aKey), "--did-not-happen"), with("purge", flagsOf(aKey))
	for _, answer := range []string{"", "n\n", "\n", "nope\n", "no newline, and the end"} {
		s := session{t, url, answer}
		if answer == "" {
			s.run(resolve...).says(exitUsage, "nobody to ask, because standard input is no terminal: nothing was changed; --yes agrees")
			s.run(purge...).says(exitUsage, "nobody to ask")
			continue
		}
		s.run(resolve...).says(exitFailed, "Resolve it so? [y/N]", "nothing was changed\n")
		s.run(purge...).says(exitFailed, "Forget it? [y/N]", "nothing was changed\n")
	}
	expectState(t, store, aKey, idem.Unknown)
	session{t, url, "yes\n"}.run(resolve...).says(exitOK, "resolved")
	expectState(t, store, aKey, idem.Absent)
}

func TestID(t *testing.T) {
	t.Parallel()
	s := session{T: t}
	for _, test := range []struct {
		want idem.ID
		args []string
	}{
		{idem.NewID("", "ada", "POST", "/a%20b", "k"), []string{"--scope", "ada", "--route", "/a%20b", "--key", "k"}},
		{idem.NewID("", "ada", "POST", "/", `k`), []string{"--scope", "ada", "--route", "/", "--key", `"k"`}},
		{idem.NewID("ns", "*", "PATCH", "/", "k"), []string{"--namespace", "ns", "--scope", "*", "--method", "PATCH", "--route", "/", "--key", "k"}},
		{idem.NewID("", "ada", "", "charge", `"k"`), []string{"--scope", "ada", "--operation", "charge", "--key", `"k"`}},
	} {
		got := s.run(append([]string{"id"}, test.args...)...)
		if got.status != exitOK || got.out != test.want.String()+"\n" {
			t.Errorf("%v: exit status %d and %q, want %v", test.args, got.status, got.out, test.want)
		}
	}
}
