package idemredis

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
)

// ErrRecord: what lies under the key of a record is damaged, or was written by a version
// of this package that this one does not know. It is never taken for an absent record:
// the ID cannot be used until its lifetime is over or [Store.Purge] forgets it.
var ErrRecord = errors.New("idemredis: record cannot be read")

// remedies say what to do about what a server refuses. The words are looked for anywhere
// in the server's error, because older servers wrap what happens inside of a script; the
// first that fits is used.
var remedies = []struct {
	words  []string
	remedy string
}{
	{[]string{"WRONGTYPE"}, "the key belongs to something else: choose a prefix of your own with WithPrefix"},
	{[]string{"NOAUTH", "WRONGPASS", "unauthenticated"}, "give the client the server's user name and password"},
	{[]string{"NOPERM", "can't run this command", "can't access at least one of the keys"},
		"the user needs +evalsha +eval +time +get +set +setrange +del +pexpire +pttl +publish +subscribe, and the store's prefix as key and channel pattern"},
	{[]string{"READONLY"}, "the server is a replica: give the client the master's address, or use redis.NewFailoverClient"},
	{[]string{"unknown command", "Unknown Redis command"}, "the server has no such command, or it was renamed: the store needs EVALSHA, EVAL and TIME"},
	{[]string{"NOREPLICAS"}, "the server has fewer replicas than its min-replicas-to-write"},
	{[]string{"CROSSSLOT", "MOVED", "ASK"}, "the server is part of a Cluster: use redis.NewClusterClient"},
	{[]string{"MISCONF"}, "the server cannot save its data and refuses writes: look at its log and its disk"},
	{[]string{"LOADING"}, "the server is still loading its data"},
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
	if strings.Contains(text, "IDEMRECORD") {
		return fmt.Errorf("%w: %s of %s: %w", ErrRecord, sc.name, s.key(id), err)
	}
	if redis.IsOOMError(err) || strings.Contains(text, "OOM command not allowed") {
		return fmt.Errorf("idemredis: %s: %w: raise the server's maxmemory: %w", sc.name, idem.ErrFull, err)
	}
	for _, r := range remedies {
		for _, word := range r.words {
			if strings.Contains(text, word) {
				return fmt.Errorf("idemredis: %s: %s: %w", sc.name, r.remedy, err)
			}
		}
	}
	return fmt.Errorf("idemredis: %s: %w", sc.name, err)
}
