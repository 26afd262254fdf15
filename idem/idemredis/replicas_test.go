package idemredis_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

const patience = 100 * time.Millisecond // for replicas

func TestReplicas(t *testing.T) {
	t.Parallel()
	master := redistest.Start(t)
	replica := redistest.StartReplica(t, master)
	client := master.Client()
	store := open(t, client, idemredis.WithReplicas(1, 4*time.Second))
	impatient := open(t, client, idemredis.WithReplicas(1, patience))
	id, held := newID(), newID()

	reset(t, client)
	complete(t, store, acquire(t, store, id)) // the server does not know the scripts yet
	reset(t, client)
	claim := acquire(t, store, held)
	done := acquire(t, store, newID())
	complete(t, store, done)
	if got := calls(t, client); got["wait"] != 3 || got["evalsha"] != 3 || got["eval"] != 0 {
		t.Errorf("server ran %v, want three EVALSHA and three WAIT", got)
	}
	if n := replica.Client().Exists(t.Context(), keyOf(id), keyOf(held)).Val(); n != 2 {
		t.Errorf("replica has %d of 2 records", n)
	}

	replica.Pause()
	_, err := impatient.Claim(t.Context(), request(newID()))
	behind(t, "Claim", err)
	behind(t, "Complete", impatient.Complete(t.Context(), claim, nil, []byte("result"), time.Minute))
	behind(t, "Complete again", impatient.Complete(t.Context(), claim, nil, []byte("result"), time.Minute))
	expect(t, impatient, held, idem.Done) // what is there is told without the replica
	if err := impatient.Complete(t.Context(), idem.Claim{ID: held}, nil, nil, time.Minute); !errors.Is(err, idem.ErrFenced) {
		t.Errorf("Complete of another owner: %v, want ErrFenced", err)
	}
	replica.Continue()
	eventually(t, "Complete succeeds", func() bool {
		return impatient.Complete(t.Context(), claim, nil, []byte("result"), time.Minute) == nil
	})
	acquire(t, store, newID())
}

func behind(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, idemredis.ErrReplicas) {
		t.Errorf("%s: %v, want ErrReplicas", what, err)
	}
}

func TestReplicasNeedASuitableClient(t *testing.T) {
	t.Parallel()
	client := connect(t, &redis.Options{Addr: "127.0.0.1:1", ReadTimeout: time.Second})
	ring := redis.NewRing(&redis.RingOptions{})
	defer ring.Close() //nolint:errcheck // it was never used
	for name, test := range map[string]struct {
		make func()
		want string
	}{
		"auto-pipelining client": {func() {
			idemredis.New(autoPipeline(t, client), idemredis.WithReplicas(1, patience))
		}, "connection of the write"},
		"read timeout too short": {func() {
			idemredis.New(client, idemredis.WithReplicas(1, time.Second))
		}, "ReadTimeout"},
		"no replicas":      {func() { idemredis.WithReplicas(0, time.Second) }, "must be positive"},
		"no time":          {func() { idemredis.WithReplicas(1, time.Microsecond) }, "at least 1ms"},
		"braces in prefix": {func() { idemredis.WithPrefix("{app}") }, "braces"},
		"no client":        {func() { idemredis.New(nil) }, "without a client"},
		"ring":             {func() { idemredis.New(ring) }, "redis.Ring"},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				text, _ := recover().(string)
				if !strings.HasPrefix(text, "idemredis: ") || !strings.Contains(text, test.want) {
					t.Errorf("panic %q, want %q in it", text, test.want)
				}
			}()
			test.make()
		})
	}
}
