package otel

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/metric"

	"github.com/goaroundhq/goaround/idem"
)

// Guard reports claims, for [idem.NewGuard] and [idem.Do]. [Server] has it in it. A claim that
// finds its operation running or done is a duplicate, unless it has other parameters: then the
// key is that of another operation, and the state key-reused.
func Guard(opts ...Option) idem.GuardOption {
	c := newConfig(opts)
	g := newGuardMetrics(c)
	g.duplicates = c.meter().counter(duplicates)
	operation := c.operation
	if operation == "" {
		operation = other
	}
	g.duplicate = adding(keyService.String(c.service), keyOperation.String(operation))
	g.zero.from(g.duplicates, g.duplicate)
	return idem.WithGuardObserver(g.observer())
}

type guardMetrics struct {
	claims, renewals, endings metric.Int64Counter
	duplicates                metric.Int64Counter // nil: the server counts them

	duplicate add
	claimed   [idem.Unknown + 1]add
	reused    add // a key, by a claim
	failed    add // a claim
	renewed   [resultCount]add
	ended     [idem.Abandoned + 1][resultCount]add
	zero      beginnings
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
	g := &guardMetrics{
		claims: m.counter(claims), renewals: m.counter(renewals), endings: m.counter(endings), store: newStoreMetrics(c),
	}
	for state := range g.claimed {
		g.claimed[state] = adding(service, keyState.String(idem.State(state).String()))
	}
	g.reused = adding(service, keyState.String(string(idem.KeyReused)))
	g.failed = adding(service, keyState.String("failed"))
	g.zero.from(g.claims, g.claimed[idem.Unknown])
	for r, name := range resultNames {
		g.renewed[r] = adding(service, keyResult.String(name))
		for how := range g.ended {
			g.ended[how][r] = adding(service, keyEnding.String(idem.Ending(how).String()), keyResult.String(name))
		}
	}
	for how := range g.ended {
		g.zero.from(g.endings, g.ended[how][:]...)
	}
	return g
}

func (g *guardMetrics) observer() idem.Observer {
	return idem.Observer{
		Claimed: g.claim, Renewed: g.renewal, Ended: g.ending, Asked: g.store.ask, Waited: g.store.wait,
	}
}

func (g *guardMetrics) claim(ctx context.Context, _ idem.ID, r idem.ClaimResult, err error) {
	g.zero.begin(ctx)
	switch {
	case errors.Is(err, idem.ErrKeyReused):
		g.claims.Add(ctx, 1, g.reused...)
		return
	case err != nil:
		g.claims.Add(ctx, 1, g.failed...)
		return
	case int(r.State) < len(g.claimed):
		g.claims.Add(ctx, 1, g.claimed[r.State]...)
	}
	if g.duplicates != nil && (r.State == idem.Pending || r.State == idem.Done) {
		g.duplicates.Add(ctx, 1, g.duplicate...)
	}
}

func (g *guardMetrics) renewal(ctx context.Context, _ idem.Claim, err error) {
	g.renewals.Add(ctx, 1, g.renewed[resultOf(err)]...)
}

func (g *guardMetrics) ending(ctx context.Context, _ idem.Claim, how idem.Ending, err error) {
	g.zero.begin(ctx) // of a claim from before there was a provider
	if int(how) < len(g.ended) {
		g.endings.Add(ctx, 1, g.ended[how][resultOf(err)]...)
	}
}
