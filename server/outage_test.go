package server_test

import (
	"context"
	"errors"
	"net/http"
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
