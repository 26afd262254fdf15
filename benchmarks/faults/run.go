package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/ledger"
	"github.com/goaroundhq/goaround/benchmarks/faults/serve"
	"github.com/goaroundhq/goaround/benchmarks/faults/site"
	"github.com/goaroundhq/goaround/idem/idemsql"
)

// settling is how long what was given up is called for again when all is mended, and then what
// was acknowledged.
const settling = time.Minute

// run breaks everything once, and says what came of it.
func run(ctx context.Context, c config, p progress) (_ result, err error) {
	folder, err := os.MkdirTemp("", "faults")
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	l, err := ledger.Open(folder)
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	s, err := site.Open(ctx, c.store, c.servers, c.clients)
	if err != nil {
		return result{}, fmt.Errorf("site: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := prepare(ctx, s); err != nil {
		return result{}, err
	}
	f := newFleet(c, s, l.Address(), newBook(c.calls, c.clients, p))
	w := newStorm(c, f, p)
	took, err := f.play(ctx, w)
	p.end()
	if err != nil {
		return result{}, err
	}
	effects, err := l.All() // its clients were the servers, which have ended
	if c.guarantee == serve.ExactlyOnce && err == nil {
		effects, err = committed(ctx, s)
	}
	if err != nil {
		return result{}, err
	}
	return newResult(c, f, w, effects, took), nil
}

// play is the run: servers, clients, and faults until the clients are through. It returns
// how long these took.
func (f *fleet) play(ctx context.Context, w *storm) (took time.Duration, err error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	serving, stop := context.WithCancel(ctx)
	defer stop()
	up, down := make(chan struct{}), make(chan error, 1)
	go func() {
		err := f.serve(serving, func() { close(up) })
		if err != nil {
			fail(err) // nobody need call any more
		}
		down <- err
	}()
	select {
	case <-up:
		took, err = f.weather(ctx, fail, w)
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	stop()
	return took, errors.Join(err, <-down)
}

// weather is storm, settling, and repeating. A call that hangs ends it before its time.
func (f *fleet) weather(ctx context.Context, fail func(error), w *storm) (time.Duration, error) {
	calling, end := context.WithCancel(ctx)
	defer end()
	go func() {
		select {
		case <-f.book.hung:
			end()
		case <-calling.Done():
		}
	}()
	over, calm := make(chan struct{}), make(chan error, 1)
	go func() {
		err := w.rage(ctx, over)
		if err != nil {
			fail(err)
		}
		calm <- err
	}()
	began := time.Now()
	err := f.place(calling, f.book.open)
	took := time.Since(began)
	close(over)
	if err := errors.Join(err, <-calm, ctx.Err()); err != nil {
		return 0, err
	}
	w.progress.phase("settling")
	if err := f.settle(calling); err != nil {
		return 0, err
	}
	if mayForget := f.config.guarantee == serve.Naive || f.config.forgets(); !mayForget {
		w.progress.phase("repeating")
		f.book.repeat(w.world.Rand)
		err = f.settle(calling)
	}
	return took, errors.Join(err, ctx.Err())
}

// settle has the clients call again for what was given up, or for what is to be repeated, with
// everything mended.
func (f *fleet) settle(ctx context.Context) error {
	for began := time.Now(); f.book.left() > 0 && time.Since(began) < settling && ctx.Err() == nil; {
		err := f.place(ctx, func(client int) ([]int, int) { return f.book.unsettled(client), f.config.calls })
		if err != nil {
			return err
		}
	}
	return nil
}

// prepare makes the tables where there is a database.
func prepare(ctx context.Context, s *site.Site) error {
	if s.DB() == nil {
		return nil
	}
	if _, err := s.DB().ExecContext(ctx, serve.Effects); err != nil {
		return err
	}
	return idemsql.New(s.DB(), idemsql.PostgreSQL).Migrate(ctx)
}

// committed are the runs that had an effect in the database, by order.
func committed(ctx context.Context, s *site.Site) (map[string][]string, error) {
	rows, err := s.DB().QueryContext(ctx, `SELECT name, run FROM effects`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // read to its end, or in error
	effects := map[string][]string{}
	for rows.Next() {
		var name, run string
		if err := rows.Scan(&name, &run); err != nil {
			return nil, err
		}
		effects[name] = append(effects[name], run)
	}
	return effects, rows.Err()
}
