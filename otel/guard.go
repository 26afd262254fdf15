package otel

import (
	"context"
	"errors"

	"github.com/goaroundhq/goaround/idem"
)

// Guard reports claims, for [idem.NewGuard] and [idem.Do]. [Server] has it in it. A claim that
// finds its operation running or done is a duplicate, unless it has other parameters: then the
// key is that of another operation, and the state key-reused. That is found out where the
// parameters are known at the claim, as to Do; the server knows the body later and counts it as
// a request that was answered key-reused.
//
// What is counted here is told whenever metrics are collected, for as long as the provider
// lives. So make the option once, for as many guards as shall have it, and not for each call.
func Guard(opts ...Option) idem.GuardOption {
	c := newConfig(opts)
	g := newGuardMetrics(c)
	operation := c.operation
	if operation == "" {
		operation = other
	}
	m := c.meter()
	again := m.sums(duplicates)
	g.duplicate = again.of(true, keyService.String(c.service), keyOperation.String(operation))
	m.tells(again)
	return idem.WithGuardObserver(g.observer())
}

type guardMetrics struct {
	claimed   [idem.Unknown + 1]*sum
	reused    *sum // a key, by a claim
	failed    *sum // a claim
	duplicate *sum // nil: the server counts them
	renewed   [resultCount]*sum
	ended     [idem.Abandoned + 1][resultCount]*sum
	store     *storeMetrics
}

// result is what the store made of the end of a claim, or of a renewal.
type result int

const (
	resultOK result = iota
	resultFenced
	resultFull
	resultLost
	resultFailed
	resultCount
)

var resultNames = [resultCount]string{"ok", "fenced", "full", "lost", "failed"}

func resultOf(err error) result {
	switch {
	case err == nil:
		return resultOK
	case errors.Is(err, idem.ErrFenced):
		return resultFenced
	case errors.Is(err, idem.ErrFull):
		return resultFull
	case errors.Is(err, idem.ErrLost):
		return resultLost
	default:
		return resultFailed
	}
}

func newGuardMetrics(c *config) *guardMetrics {
	m, service := c.meter(), keyService.String(c.service)
	claims, renewals, endings := m.sums(claims), m.sums(renewals), m.sums(endings)
	g := &guardMetrics{store: newStoreMetrics(c)}
	for state := range g.claimed {
		g.claimed[state] = claims.of(idem.State(state) == idem.Unknown, service, keyState.String(idem.State(state).String()))
	}
	g.reused = claims.of(false, service, keyState.String(string(idem.KeyReused)))
	g.failed = claims.of(false, service, keyState.String("failed"))
	for r, name := range resultNames {
		g.renewed[r] = renewals.of(false, service, keyResult.String(name))
		for how := range g.ended {
			g.ended[how][r] = endings.of(true, service, keyEnding.String(idem.Ending(how).String()), keyResult.String(name))
		}
	}
	m.tells(claims, renewals, endings)
	return g
}

func (g *guardMetrics) observer() idem.Observer {
	return idem.Observer{
		Claimed: g.claim, Renewed: g.renewal, Ended: g.ending, Asked: g.store.ask, Waited: g.store.wait,
	}
}

func (g *guardMetrics) claim(_ context.Context, info idem.ClaimedInfo) {
	state := info.Result.State
	switch {
	case errors.Is(info.Err, idem.ErrKeyReused):
		g.reused.Add(1)
		return
	case info.Err != nil:
		g.failed.Add(1)
		return
	case int(state) < len(g.claimed):
		g.claimed[state].Add(1)
	}
	if g.duplicate != nil && (state == idem.Pending || state == idem.Done) {
		g.duplicate.Add(1)
	}
}

func (g *guardMetrics) renewal(_ context.Context, info idem.RenewedInfo) {
	g.renewed[resultOf(info.Err)].Add(1)
}

func (g *guardMetrics) ending(_ context.Context, info idem.EndedInfo) {
	if int(info.Ending) < len(g.ended) {
		g.ended[info.Ending][resultOf(info.Err)].Add(1)
	}
}
