package serve

import (
	"errors"
	"io"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/benchmarks/faults/site"
	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis"
	"github.com/goaroundhq/goaround/idem/idemsql"
)

// replicasTimeout is how long replicas may take; it is within the timeout of the store.
const replicasTimeout = 300 * time.Millisecond

// open opens the store of a task.
func open(task Task) (idem.Store, io.Closer, error) {
	if task.Store.Kind == site.SQL {
		db, err := task.Store.OpenSQL()
		if err != nil {
			return nil, nil, err
		}
		// An order has a connection while it runs, and its claim another for a moment.
		db.SetMaxOpenConns(task.Orders + task.Orders/2)
		db.SetMaxIdleConns(task.Orders)
		return idemsql.New(db, idemsql.PostgreSQL), db, nil
	}
	client, err := task.Store.OpenRedis()
	if err != nil {
		return nil, nil, err
	}
	store := idemredis.New(client, replicas(task)...)
	return store, closers{store, client}, nil
}

func replicas(task Task) []idemredis.Option {
	if task.Replicas == 0 {
		return nil
	}
	return []idemredis.Option{idemredis.WithReplicas(task.Replicas, replicasTimeout)}
}

type closers struct {
	store  *idemredis.Store
	client redis.UniversalClient
}

func (c closers) Close() error { return errors.Join(c.store.Close(), c.client.Close()) }
