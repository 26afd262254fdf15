package otelprom_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/book"
)

// answers is a server that always answers with one status.
type answers struct{ status int }

func (a answers) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: a.status, Body: http.NoBody, Header: http.Header{}}, nil
}

// slow is a server that takes its time.
type slow struct{}

func (slow) RoundTrip(req *http.Request) (*http.Response, error) {
	select {
	case <-time.After(3 * time.Millisecond):
		return answers{200}.RoundTrip(req)
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

// downloads break in their middle.
type downloads struct{}

func (downloads) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("Range") != "" {
		return &http.Response{
			StatusCode: 206, ContentLength: 2, Body: io.NopCloser(strings.NewReader("cd")),
			Header: http.Header{"Etag": {`"v"`}, "Content-Range": {"bytes 2-3/4"}},
		}, nil
	}
	broken := io.MultiReader(strings.NewReader("ab"), failing{})
	return &http.Response{StatusCode: 200, ContentLength: 4, Body: io.NopCloser(broken), Header: http.Header{"Etag": {`"v"`}}}, nil
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// noSlots is a pacer that is broken.
type noSlots struct{}

func (noSlots) Reserve(context.Context, string, slot.Feedback) (slot.Reservation, error) {
	return nil, errors.New("down")
}
func (noSlots) Report(string, slot.Feedback) {}

// records is a store that fails.
type records struct {
	*idem.Memory
	claim, complete error
}

func (r records) Claim(ctx context.Context, c idem.ClaimRequest) (idem.ClaimResult, error) {
	if r.claim != nil {
		return idem.ClaimResult{}, r.claim
	}
	return r.Memory.Claim(ctx, c)
}

func (r records) Complete(ctx context.Context, c idem.Claim, fingerprint, record []byte, ttl time.Duration) error {
	if r.complete != nil {
		return r.complete
	}
	return r.Memory.Complete(ctx, c, fingerprint, record, ttl)
}

// books is a store of slots that is down at times.
type books struct {
	*slot.Memory
	down atomic.Bool
}

func (b *books) Ask(ctx context.Context, target string, r book.Rules, a book.Ask) (book.Answer, error) {
	if b.down.Load() {
		return book.Answer{}, errors.New("down")
	}
	return b.Memory.Ask(ctx, target, r, a)
}

// Listen hears nothing, so that the queue must ask.
func (*books) Listen(context.Context, string, func(book.Notice)) error { return errors.New("deaf") }

// named is a source of time with a name of its own.
type named struct {
	skew.Source
	name string
}

func (n named) Name() string { return n.name }

func sources(offsets ...time.Duration) skew.Option {
	var all []skew.Source
	for i, offset := range offsets {
		all = append(all, named{skew.Fixed(offset, time.Millisecond), string(rune('a' + i))})
	}
	return skew.WithSources(all...)
}
