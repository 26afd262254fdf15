package idemredis

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
)

// scanCount is how many keys one SCAN looks at, about.
const scanCount = 100

// Scan implements [idem.Admin]. It walks over all keys of the database with SCAN, on each
// master of a Cluster in turn, so that a large database takes long but no command does.
// Records that cannot be read are passed over, and told at the end with an error that
// matches [ErrRecord] for each; so is a server that could not be asked, at once.
//
// In a Cluster the store must have been made with the [redis.ClusterClient] itself, not
// with an auto-pipelining one over it.
func (s *Store) Scan(ctx context.Context) iter.Seq2[idem.Info, error] {
	return func(yield func(idem.Info, error) bool) {
		sc := &scan{store: s, yield: yield}
		err := sc.servers(ctx)
		if sc.stopped {
			return
		}
		if err = errors.Join(append(sc.unreadable, err)...); err != nil {
			yield(idem.Info{}, err)
		}
	}
}

// scan is one walk over all records.
type scan struct {
	store      *Store
	yield      func(idem.Info, error) bool
	unreadable []error
	stopped    bool // by the caller
}

var errStopped = errors.New("stopped")

// servers scans each server in turn.
func (sc *scan) servers(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	masters, err := sc.store.masters(ctx)
	if err != nil {
		return err
	}
	for _, master := range masters {
		if err := sc.server(ctx, master); err != nil {
			return fmt.Errorf("idemredis: scan: %w", err)
		}
	}
	return nil
}

func (sc *scan) server(ctx context.Context, server redis.Cmdable) error {
	pattern := globEscaper.Replace(sc.store.prefix) + "{*}"
	for cursor := uint64(0); ; {
		keys, next, err := server.Scan(ctx, cursor, pattern, scanCount).Result()
		if err != nil {
			return err
		}
		if err := sc.records(ctx, server, keys); err != nil {
			return err
		}
		if next == 0 {
			return nil
		}
		cursor = next
	}
}

// records reads some records in one trip.
func (sc *scan) records(ctx context.Context, server redis.Cmdable, keys []string) error {
	var ids []idem.ID
	var cmds []*redis.Cmd
	pipe := server.Pipeline()
	for _, key := range keys {
		if id, ok := sc.store.idOf(key); ok {
			ids, cmds = append(ids, id), append(cmds, getScript.EvalSha(ctx, pipe, []string{key}))
		}
	}
	if len(ids) == 0 {
		return ctx.Err()
	}
	_, _ = pipe.Exec(ctx) // each command has its own error
	for i, cmd := range cmds {
		if err := sc.visit(ctx, ids[i], cmd); err != nil {
			return err
		}
	}
	return nil
}

func (sc *scan) visit(ctx context.Context, id idem.ID, cmd *redis.Cmd) error {
	info, err := readInfo(id, cmd)
	if redis.HasErrorPrefix(err, "NOSCRIPT") || redirected(err) {
		info, err = sc.store.Get(ctx, id) // finds the server, and gives it the script
	} else {
		err = sc.store.explain(getScript, id, err)
	}
	switch {
	case errors.Is(err, ErrRecord):
		sc.unreadable = append(sc.unreadable, err)
	case err != nil:
		return err
	case info.State == idem.Absent: // expired meanwhile
	case !sc.yield(info, nil):
		sc.stopped = true
		return errStopped
	}
	return nil
}

// idOf is the opposite of key.
func (s *Store) idOf(key string) (id idem.ID, ok bool) {
	digits := strings.TrimSuffix(strings.TrimPrefix(key, s.prefix+"{"), "}")
	id, err := idem.ParseID(digits)
	return id, err == nil && key == s.key(id)
}

// globEscaper takes the special meaning in patterns from characters.
var globEscaper = strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `\`, `\\`)
