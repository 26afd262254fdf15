package eventlog_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/goaroundhq/goaround/otel/eventlog"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
)

type noSlots struct{}

func (noSlots) Reserve(context.Context, string, slot.Feedback) (slot.Reservation, error) {
	return nil, errors.New("down")
}
func (noSlots) Report(string, slot.Feedback) {}

func TestAdmission(t *testing.T) {
	t.Parallel()
	logger, journal := newLogger(slog.LevelDebug)
	h := server.Admission(server.AdmitRate(0.1, 1), server.WithWaitingRoom(0, 0), eventlog.Admission(logger))(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for range 2 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/", http.NoBody))
	}
	journal.want(t, `level=DEBUG msg="request not admitted" verdict=refused waited=* slot=* waiting=0`)
}

// books is a store that is down.
type books struct{ *slot.Memory }

func (books) Ask(context.Context, string, book.Rules, book.Ask) (book.Answer, error) {
	return book.Answer{}, errors.New("down")
}

func TestSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logger, journal := newLogger(slog.LevelWarn)
		q := slot.NewQueue(slot.WithStore(books{slot.NewMemory()}), eventlog.Slots(logger))
		failed := slot.Feedback{Attempt: 1, Result: slot.Failed}
		r, err := q.Reserve(t.Context(), "api", failed)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.(slot.Awaiter).Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r, err = q.Reserve(t.Context(), "api", failed); err == nil { // it is known by now
			r.Cancel()
		}
		journal.want(t, `level=WARN msg="callers not paced, store cannot be asked" target=api callers=1 error=*down*`)
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
}
