package idemredis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
)

// Get implements [idem.Admin]. The record itself stays at the server, whatever its size.
func (s *Store) Get(ctx context.Context, id idem.ID) (idem.Info, error) {
	r, err := s.run(ctx, getScript, id)
	if err != nil {
		return idem.Info{}, err
	}
	info, err := readInfo(id, r.Cmd)
	return info, s.explain(getScript, id, err)
}

// readInfo takes the reply of the get script.
func readInfo(id idem.ID, cmd *redis.Cmd) (idem.Info, error) {
	parts, err := cmd.Slice()
	if errors.Is(err, redis.Nil) {
		return idem.Info{ID: id}, nil
	}
	if err != nil {
		return idem.Info{}, err
	}
	if len(parts) != 3 {
		return idem.Info{}, fmt.Errorf("reply of %d parts", len(parts))
	}
	text, _ := parts[0].(string)
	expires, _ := parts[1].(int64)
	size, _ := parts[2].(int64)
	a, err := readAnswer(text, nil)
	if err != nil {
		return idem.Info{}, err
	}
	return idem.Info{
		ID: id, State: a.state, Fence: a.fence, Attempt: a.attempt, Age: a.age, LeaseLeft: a.leaseLeft,
		ExpiresIn: time.Duration(expires) * time.Millisecond, Size: int(size), Reason: string(a.rest),
	}, nil
}

// Resolve implements [idem.Admin].
func (s *Store) Resolve(ctx context.Context, id idem.ID, r idem.Resolution) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	to := ""
	switch {
	case r.State == idem.Done && r.TTL > 0:
		to = "D"
	case r.State != idem.Absent:
		return fmt.Errorf("idemredis: cannot resolve to %v for %v", r.State, r.TTL)
	}
	return s.change(ctx, resolveScript, id, to, micros(r.TTL), s.own(ctx, r.Fingerprint), s.own(ctx, r.Record))
}

// Purge implements [idem.Admin]. It forgets also what gives ErrRecord, and whatever else
// lies under the key.
func (s *Store) Purge(ctx context.Context, id idem.ID) error {
	return s.change(ctx, purgeScript, id)
}
