package slotredis

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/slot/book"
)

// askAt is the script with a clock that the test sets.
var askAt = newScript("tonumber(ARGV[3])")

// LoadAskAt has the server know the script of AskAt.
func LoadAskAt(ctx context.Context, c redis.Scripter) error { return askAt.Load(ctx, c).Err() }

// AskAt is Ask at a time of the test's choice.
func (s *Store) AskAt(ctx context.Context, c redis.Scripter, target string, r book.Rules, now book.Instant, a book.Ask) *redis.Cmd {
	return askAt.EvalSha(ctx, c, []string{s.key(bookKind, target)}, encodeAsk(r, a), s.life.Milliseconds(), int64(now))
}

// Listening reports whether there is a session to join.
func (s *Store) Listening() bool {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	return s.hub.session != nil
}

// Bounded reports whether the store leaves it to its client to end a question in time.
func (s *Store) Bounded() bool { return s.sender.bounded }

// DecodeAnswer reads what the script returns.
func DecodeAnswer(row string, err error) (book.Answer, error) {
	if err != nil {
		return book.Answer{}, err
	}
	return decodeAnswer(row)
}

const bookDoubles = 32

// DecodeBook reads what ask.lua saves.
func DecodeBook(row string, err error) (book.Book, error) {
	if err != nil {
		return book.Book{}, err
	}
	if len(row) != 8*bookDoubles {
		return book.Book{}, fmt.Errorf("book of %d bytes", len(row))
	}
	r := &reader{row}
	instant := func() book.Instant { return book.Instant(r.integer()) }
	return book.Book{
		Mode: book.Mode(r.number()), Seq: r.integer(), Epoch: r.integer(),
		Last: instant(), Begun: instant(), Heard: instant(),
		Rate: r.number(), Good: r.number(), Free: r.number(), Late: r.number(), Head: r.number(), Tail: r.number(), Busy: instant(),
		OK: r.integer(), Rejected: r.integer(), Failed: r.integer(), Took: r.number(), Base: r.number(), Guess: r.integer(),
		Prev: r.number(), Wild: r.number(), Wary: r.integer(), Vain: r.number(), Was: r.number(), Clean: r.integer(),
		Fails: r.integer(), Success: instant(),
		Probe: instant(), Taken: r.integer(), Streak: r.integer(),
		Spare: r.integer(), SpareAt: instant(),
	}, nil
}
