package slotredis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// sender knows whether the client itself ends what it does at the context's deadline.
// go-redis does so only when its options say so; without, a server that hangs holds a call
// for ReadTimeout, several times over.
type sender struct{ bounded bool }

func newSender(client redis.UniversalClient) sender {
	switch c := client.(type) {
	case *redis.Client:
		return sender{c.Options().ContextTimeoutEnabled}
	case *redis.ClusterClient:
		return sender{c.Options().ContextTimeoutEnabled}
	case *redis.Ring:
		return sender{c.Options().ContextTimeoutEnabled}
	default:
		return sender{}
	}
}

// within returns what send returns, or the context's error when that is done first and the
// client would not notice.
func within[T any](ctx context.Context, s sender, send func() (T, error)) (T, error) {
	if err := ctx.Err(); err != nil {
		var none T
		return none, err
	}
	if _, limited := ctx.Deadline(); ctx.Done() == nil || (s.bounded && limited) {
		return send()
	}
	type result struct {
		value T
		err   error
	}
	sent := make(chan result, 1)
	go func() {
		value, err := send()
		sent <- result{value, err}
	}()
	select {
	case r := <-sent:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// remedies say what to do about what a server refuses; the first that fits is used. Older
// servers wrap what happens inside of a script.
var remedies = []struct {
	words  []string
	remedy string
}{
	{[]string{"NOAUTH", "WRONGPASS"}, "give the client the server's user name and password"},
	{[]string{"NOPERM", "can't run this command", "can't access at least one of the keys"},
		"the user needs the rights and the key and channel patterns that the package's documentation lists"},
	{[]string{"READONLY"}, "the server is a replica: give the client the master's address, or use redis.NewFailoverClient"},
	{[]string{"WRONGTYPE", "SLOTBOOK"}, "the key belongs to something else: choose a prefix with WithPrefix"},
	{[]string{"CROSSSLOT", "MOVED", "ASK "}, "the server is part of a Cluster: use redis.NewClusterClient"},
	{[]string{"OOM"}, "the server is full: raise its maxmemory, or let it evict"},
	{[]string{"MISCONF"}, "the server cannot save its data and refuses writes: look at its log and its disk"},
}

// explain says what to do about an error of the server, where it is known.
func explain(err error) error {
	var server redis.Error
	if !errors.As(err, &server) {
		return err
	}
	for _, r := range remedies {
		for _, word := range r.words {
			if strings.Contains(server.Error(), word) {
				return fmt.Errorf("%s: %w", r.remedy, err)
			}
		}
	}
	return err
}
