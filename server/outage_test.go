package server_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

var errDown = errors.New("store is down")

// brokenStore fails at the steps that it is told to fail at.
type brokenStore struct {
	*idem.Memory
	claim, complete error
}

func (s *brokenStore) Claim(ctx context.Context, r idem.ClaimRequest) (idem.ClaimResult, error) {
	if s.claim != nil {
		return idem.ClaimResult{}, s.claim
	}
	return s.Memory.Claim(ctx, r)
}

func (s *brokenStore) Complete(ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
	if s.complete != nil {
		return s.complete
	}
	return s.Memory.Complete(ctx, c, fp, rec, ttl)
}

// slowStore stops in Complete until it may go on.
type slowStore struct {
	*idem.Memory
	completing, goOn chan struct{}
}

func (s *slowStore) Complete(ctx context.Context, c idem.Claim, fp, rec []byte, ttl time.Duration) error {
	close(s.completing)
	<-s.goOn
	return s.Memory.Complete(ctx, c, fp, rec, ttl)
}

func TestStoreDownBeforeTheHandler(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"down": errDown, "full": idem.ErrFull} {
		t.Run(name+", closed", func(t *testing.T) {
			t.Parallel()
			s := serveStore(t, &brokenStore{Memory: idem.NewMemory(), claim: err}, created)
			r := s.post("k")
			s.expectProblem(r, http.StatusServiceUnavailable, idem.StoreUnavailable)
			if r.header.Get("Retry-After") != "1" || strings.Contains(r.body, err.Error()) {
				t.Errorf("response %v %s", r.header, r.body)
			}
			s.expectRuns(0)
			if a := s.lastAnswer(); !errors.Is(a.Err, err) {
				t.Errorf("observer was told %v", a.Err)
			}
		})
		t.Run(name+", open", func(t *testing.T) {
			t.Parallel()
			s := serveStore(t, &brokenStore{Memory: idem.NewMemory(), claim: err}, created, server.WithFailOpen())
			r := s.post("k")
			s.expect(r, http.StatusCreated, `{"id":17}`)
			if r.header.Get(idem.StatusHeader) != string(idem.Unprotected) {
				t.Errorf("not marked: %v", r.header)
			}
			s.expectRuns(1)
			s.expectOutcomes(server.Unprotected)
		})
	}
}

// The effect took place and cannot be recorded: the client gets its response, and the
// claim is left alone, so that no retry runs the handler again.
func TestStoreDownAfterTheHandler(t *testing.T) {
	t.Parallel()
	store := &brokenStore{Memory: idem.NewMemory(), complete: errDown}
	s := serveStore(t, store, created)
	s.expect(s.post("k"), http.StatusCreated, `{"id":17}`)
	if a := s.lastAnswer(); !errors.Is(a.Err, errDown) || a.Outcome != server.Executed {
		t.Errorf("answer %+v", a)
	}
	s.expectProblem(s.post("k"), http.StatusConflict, idem.InProgress)
	s.expectRuns(1)
}

func TestStoreFullAfterTheHandler(t *testing.T) {
	t.Parallel()
	s := serveStore(t, idem.NewMemory(idem.WithMaxBytes(2<<10)), func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, 64<<10))
	})
	s.expect(s.post("k"), 200, string(make([]byte, 64<<10)))
	if a := s.lastAnswer(); !errors.Is(a.Err, idem.ErrFull) {
		t.Errorf("observer was told %v", a.Err)
	}
	s.expectProblem(s.post("k"), http.StatusConflict, idem.ResponseNotStored)
	s.expectRuns(1)
}

// A claim that was lost and taken by another owner: the double run is told to the
// observer, and to nobody as a success of the store.
func TestFencedCompletionIsTold(t *testing.T) {
	t.Parallel()
	store := idem.NewMemory()
	s := serveStore(t, store, func(w http.ResponseWriter, r *http.Request) {
		a, _ := idem.FromContext(r.Context())
		if err := store.Purge(r.Context(), a.ID); err != nil {
			t.Error(err)
		}
		if _, err := store.Claim(r.Context(), idem.ClaimRequest{ID: a.ID, Owner: idem.NewOwner(), Lease: time.Minute, TTL: time.Minute}); err != nil {
			t.Error(err)
		}
		created(w, r)
	})
	s.expect(s.post("k"), http.StatusCreated, `{"id":17}`)
	if a := s.lastAnswer(); !errors.Is(a.Err, idem.ErrFenced) {
		t.Errorf("observer was told %v, want ErrFenced", a.Err)
	}
}

// A record that cannot be read is a record all the same: nothing runs again.
func TestForeignRecordIsRefused(t *testing.T) {
	t.Parallel()
	for name, record := range map[string]string{
		"empty": "", "other version": "\x02\x00\xc8\x01\x00", "unknown flag": "\x01\x80\xc8\x01\x00", "cut": "\x01\x00\xc8\x01\x05Conte",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, created)
			id := idem.NewID("", idem.SharedScope, "POST", "/orders", "k")
			if err := s.store.Complete(t.Context(), idem.Claim{ID: id}, nil, []byte(record), time.Hour); err != nil {
				t.Fatal(err)
			}
			s.expectProblem(s.post("k"), http.StatusConflict, idem.ResponseNotStored)
			s.expectRuns(0)
		})
	}
}

func TestForeignFingerprintIsRefused(t *testing.T) {
	t.Parallel()
	for name, fingerprint := range map[string]string{"short": "\x01", "no varint": "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "other": "\x07\x00hash"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, created)
			id := idem.NewID("", idem.SharedScope, "POST", "/orders", "k")
			if err := s.store.Complete(t.Context(), idem.Claim{ID: id}, []byte(fingerprint), []byte("\x01\x00\xc8\x01\x00"), time.Hour); err != nil {
				t.Fatal(err)
			}
			s.expectProblem(s.post("k"), http.StatusUnprocessableEntity, idem.KeyReused)
			s.expectRuns(0)
		})
	}
}

// An operator who resolves an unknown outcome to done need not know the request.
func TestResolvedByAnOperator(t *testing.T) {
	t.Parallel()
	s := serve(t, func(http.ResponseWriter, *http.Request) { panic("crash") })
	s.post("k")
	s.expectProblem(s.post("k"), http.StatusConflict, idem.OutcomeUnknown)
	id := idem.NewID("", idem.SharedScope, "POST", "/orders", "k")
	err := s.store.Resolve(t.Context(), id, idem.Resolution{State: idem.Absent})
	if err != nil {
		t.Fatal(err)
	}
	s.post("k")
	s.expectRuns(2)
}
