package idemredis

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
)

var (
	//go:embed scripts/record.lua
	recordLua string
	//go:embed scripts/claim.lua
	claimLua string
	//go:embed scripts/extend.lua
	extendLua string
	//go:embed scripts/complete.lua
	completeLua string
	//go:embed scripts/release.lua
	releaseLua string
	//go:embed scripts/abandon.lua
	abandonLua string
	//go:embed scripts/resolve.lua
	resolveLua string
	//go:embed scripts/look.lua
	lookLua string
	//go:embed scripts/get.lua
	getLua string
	//go:embed scripts/purge.lua
	purgeLua string
)

// script is one step: a Lua script over the key of one record.
type script struct {
	*redis.Script
	name    string // for errors
	durable bool   // replicas are waited for
}

var (
	claimScript    = newScript("claim", claimLua).waitsForReplicas()
	extendScript   = newScript("extend", extendLua)
	completeScript = newScript("complete", completeLua).waitsForReplicas()
	releaseScript  = newScript("release", releaseLua)
	abandonScript  = newScript("abandon", abandonLua)
	resolveScript  = newScript("resolve", resolveLua)
	lookScript     = newScript("look", lookLua)
	getScript      = newScript("get", getLua)
	purgeScript    = newScript("purge", purgeLua)
)

func newScript(name, lua string) script {
	room := fmt.Sprintf("local ROOM = %d\n", idem.MinRecord)
	return script{Script: redis.NewScript(room + recordLua + lua), name: name}
}

func (sc script) waitsForReplicas() script {
	sc.durable = true
	return sc
}

// reply is what came of a step.
type reply struct {
	*redis.Cmd
	behind error // replicas may not have what the step wrote
}

// outcome is what a script returns that changes a record.
type outcome int

const (
	outcomeOK outcome = iota
	outcomeFenced
	outcomeLost
	outcomeNotUnknown
)

func (o outcome) err() error {
	switch o {
	case outcomeOK:
		return nil
	case outcomeFenced:
		return idem.ErrFenced
	case outcomeLost:
		return idem.ErrLost
	case outcomeNotUnknown:
		return idem.ErrResolve
	default:
		return fmt.Errorf("idemredis: script returned %d", int(o))
	}
}

// change runs a script that returns an outcome.
func (s *Store) change(ctx context.Context, sc script, id idem.ID, args ...any) error {
	r, err := s.run(ctx, sc, id, args...)
	if err != nil {
		return err
	}
	n, err := r.Int()
	if err != nil {
		return s.explain(sc, id, err)
	}
	if err := outcome(n).err(); err != nil {
		return err
	}
	return s.explain(sc, id, r.behind)
}

// run takes one step at the server. A reply it returns has no error, or redis.Nil from a
// script that found nothing.
func (s *Store) run(ctx context.Context, sc script, id idem.ID, args ...any) (reply, error) {
	if err := ctx.Err(); err != nil {
		return reply{}, err
	}
	r, err := s.within(ctx, sc, id, args)
	if err == nil || errors.Is(err, redis.Nil) {
		return r, nil
	}
	if ended := ctx.Err(); ended != nil && !errors.Is(err, ended) {
		err = fmt.Errorf("%w (%w)", ended, err)
	}
	return reply{}, s.explain(sc, id, err)
}
