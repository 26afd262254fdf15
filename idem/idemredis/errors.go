package idemredis

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
)

// ErrRecord: what lies under the key of a record is damaged, was written by a version of
// this package that this one does not know, or is no record at all. It is never taken for
// an absent record: the ID cannot be used until the key expires or [Store.Purge] deletes it.
var ErrRecord = errors.New("idemredis: record cannot be read")

// remedies say what to do about what a server refuses; the first that fits is used.
var remedies = []struct {
	prefixes []string // of the server's error
	words    []string // anywhere in it: older servers wrap what happens inside of a script
	remedy   string
}{
	{
		words:  []string{"NOAUTH", "WRONGPASS", "unauthenticated"},
		remedy: "give the client the server's user name and password",
	},
	{
		words:  []string{"NOPERM", "can't run this command", "can't access at least one of the keys"},
		remedy: "the user needs " + storeRights + ", the store's prefix as key and channel pattern, and what else the package's documentation lists",
	},
	{
		words:  []string{"READONLY"},
		remedy: "the server is a replica: give the client the master's address, or use redis.NewFailoverClient",
	},
	{
		words:  []string{"unknown command", "Unknown Redis command"},
		remedy: "the server has no such command, or it was renamed: the store needs EVALSHA, EVAL and TIME",
	},
	{
		words:  []string{"NOREPLICAS"},
		remedy: "the server has fewer replicas than its min-replicas-to-write",
	},
	{
		prefixes: []string{"CROSSSLOT ", "MOVED ", "ASK "},
		remedy:   "the server is part of a Cluster: use redis.NewClusterClient",
	},
	{
		words:  []string{"MISCONF"},
		remedy: "the server cannot save its data and refuses writes: look at its log and its disk",
	},
	{
		words:  []string{"LOADING"},
		remedy: "the server is still loading its data",
	},
}

// storeRights are those of steps and hints.
const storeRights = "+evalsha +eval +time +get +set +setrange +del +pexpire +pttl +publish +subscribe +unsubscribe"

// remedyFor returns "" when none fits.
func remedyFor(err redis.Error) string {
	text := err.Error()
	for _, r := range remedies {
		if slices.ContainsFunc(r.prefixes, func(prefix string) bool { return redis.HasErrorPrefix(err, prefix) }) ||
			slices.ContainsFunc(r.words, func(word string) bool { return strings.Contains(text, word) }) {
			return r.remedy
		}
	}
	return ""
}

// explain says which step failed and, where it is known, what to do about it. It returns
// nil for nil.
func (s *Store) explain(sc script, id idem.ID, err error) error {
	if err == nil {
		return nil
	}
	var server redis.Error
	if !errors.As(err, &server) {
		return fmt.Errorf("idemredis: %s: %w", sc.name, err)
	}
	text := server.Error()
	switch {
	case strings.Contains(text, "IDEMRECORD"):
		return fmt.Errorf("%w: %s of %s: %w", ErrRecord, sc.name, s.key(id), err)
	case strings.Contains(text, "WRONGTYPE"):
		return fmt.Errorf("%w: %s of %s: the key belongs to something else, choose a prefix of your own with WithPrefix: %w",
			ErrRecord, sc.name, s.key(id), err)
	case redis.IsOOMError(err), strings.Contains(text, "OOM command not allowed"):
		return fmt.Errorf("idemredis: %s: %w: raise the server's maxmemory: %w", sc.name, idem.ErrFull, err)
	}
	if remedy := remedyFor(server); remedy != "" {
		return fmt.Errorf("idemredis: %s: %s: %w", sc.name, remedy, err)
	}
	return fmt.Errorf("idemredis: %s: %w", sc.name, err)
}
