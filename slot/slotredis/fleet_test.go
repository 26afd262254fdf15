package slotredis_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/slotredis"
)

var errBusy = errors.New("busy")

// server is what calls are made to: down for a while, then serving perSecond, and turning
// away what is more.
type server struct {
	perSecond int
	calls     atomic.Int64
	mu        sync.Mutex
	up        time.Time
	window    time.Time
	served    int
}

func newServer(perSecond int, outage time.Duration) *server {
	return &server{perSecond: perSecond, up: time.Now().Add(outage)}
}

func (s *server) serve() bool {
	s.calls.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if now.Sub(s.window) >= 100*time.Millisecond {
		s.window, s.served = now, 0
	}
	s.served++
	return now.After(s.up) && s.served <= s.perSecond/10
}

// call is served in 50 ms, and turned away in 5.
func (s *server) call(context.Context) (bool, error) {
	if !s.serve() {
		time.Sleep(5 * time.Millisecond)
		return false, errBusy
	}
	time.Sleep(50 * time.Millisecond)
	return true, nil
}

var busyIsRejected = slot.WithJudge(func(error) slot.Judgement { return slot.Judgement{Retry: true, Result: slot.Rejected} })

// newQueue makes a queue that is closed with the test.
func newQueue(t testing.TB, client redis.UniversalClient, opts ...slot.QueueOption) *slot.Queue {
	q := slot.NewQueue(append([]slot.QueueOption{slot.WithStore(open(t, client))}, opts...)...)
	t.Cleanup(func() { _ = q.Close() })
	return q
}

// drain has so many callers call the server through queues until all are served, and returns
// the calls that it took.
func drain(t *testing.T, srv *server, target string, callers int, queues ...*slot.Queue) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	before := srv.calls.Load()
	var herd sync.WaitGroup
	for n := range callers {
		herd.Go(func() {
			plan := &slot.Plan{Pacer: queues[n%len(queues)]}
			if _, err := slot.Do(ctx, plan, target, srv.call, busyIsRejected); err != nil {
				t.Errorf("caller %d: %v", n, err)
			}
		})
	}
	herd.Wait()
	return int(srv.calls.Load() - before)
}

// Queues of several clients take turns, with few calls of the server and fewer of Redis.
func TestFleet(t *testing.T) {
	t.Parallel()
	redisServer := redistest.Start(t)
	client := redisServer.Client()
	var queues []*slot.Queue
	for range 4 {
		queues = append(queues, newQueue(t, redisServer.Client()))
	}
	const callers = 100
	srv := newServer(200, time.Second)
	n := drain(t, srv, target, callers, queues...)
	asked := calls(t, client)["evalsha"]
	t.Logf("%.2f calls per caller, %.2f questions per retry", float64(n)/callers, float64(asked)/float64(n-callers))
	if n > 5*callers {
		t.Errorf("%d calls for %d callers: they do not take turns", n, callers)
	}
	if retries := n - callers; asked > 2*retries {
		t.Errorf("%d questions to the store for %d retries", asked, retries)
	}
}

// outageEvents counts what a queue's observer is told of its store.
type outageEvents struct{ fellBack, recovered, polling atomic.Int64 }

func (e *outageEvents) observer() slot.QueueOption {
	return slot.WithQueueObserver(slot.QueueObserver{
		FellBack:  func(_ context.Context, info slot.FellBackInfo) { e.fellBack.Add(int64(info.Callers)) },
		Recovered: func(context.Context, slot.RecoveredInfo) { e.recovered.Add(1) },
		Polling:   func(context.Context, slot.PollingInfo) { e.polling.Add(1) },
	})
}

var failed = slot.Feedback{Attempt: 1, Result: slot.Failed, Latency: time.Millisecond}

// park brings the target down and returns callers that wait.
func park(t *testing.T, q *slot.Queue, n int) []slot.Awaiter {
	t.Helper()
	eventually(t, "the target is down", func() bool {
		q.Report(target, failed)
		r, err := q.Admit(t.Context(), target)
		if err != nil {
			return false
		}
		r.Cancel()
		_, waits := r.(slot.Awaiter)
		return waits
	})
	var parked []slot.Awaiter
	for range n {
		r, err := q.Reserve(t.Context(), target, failed)
		ok(t, err)
		parked = append(parked, r.(slot.Awaiter))
	}
	return parked
}

// unavailable waits until newcomers are told that nobody paces them.
func unavailable(t *testing.T, q *slot.Queue) {
	t.Helper()
	eventually(t, "newcomers fall back", func() bool {
		r, err := q.Reserve(t.Context(), target, failed)
		if err == nil {
			r.Cancel()
		}
		return errors.Is(err, slot.ErrUnavailable)
	})
}

// paced waits until newcomers are paced.
func paced(t *testing.T, q *slot.Queue) {
	t.Helper()
	eventually(t, "newcomers are paced", func() bool {
		r, err := q.Reserve(t.Context(), target, failed)
		if err == nil {
			r.Cancel()
		}
		return err == nil
	})
}

// When Redis is gone, however it goes, nobody is left standing; when it is back, callers
// are paced again.
func TestOutage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ down, up func(*redistest.Server) }{
		"killed, back empty": {(*redistest.Server).Kill, (*redistest.Server).Restart},
		"paused":             {(*redistest.Server).Pause, (*redistest.Server).Continue},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redisServer, seen := redistest.Start(t), &outageEvents{}
			q := newQueue(t, redisServer.Client(), seen.observer(), slot.WithFallback(slot.BackoffFunc(func(int) time.Duration { return 0 })))
			parked := park(t, q, 20)
			tt.down(redisServer)
			for _, r := range parked {
				ok(t, r.Wait(t.Context())) // a probe, or released
			}
			unavailable(t, q)
			if r, err := q.Admit(t.Context(), target); err != nil || r.Delay() != 0 {
				t.Errorf("Admit without Redis = %v, %v", r, err)
			}
			tt.up(redisServer)
			paced(t, q)
			eventually(t, "the observer is told", func() bool { return seen.recovered.Load() > 0 && seen.fellBack.Load() > 0 })
			srv := newServer(1000, 100*time.Millisecond)
			drain(t, srv, target, 20, q)
		})
	}
}

// Without notices callers still have their turns.
func TestNoticesAreCut(t *testing.T) {
	t.Parallel()
	redisServer, seen := redistest.Start(t), &outageEvents{}
	client := redisServer.Client()
	q := newQueue(t, redisServer.Client(), seen.observer(), slot.WithStoreTimeout(patience))
	for _, r := range park(t, q, 1) {
		r.Cancel()
	}
	eventually(t, "the queue listens", func() bool { return subscribers(t, client) == 1 })
	cut := make(chan struct{})
	go func() {
		defer close(cut)
		for end := time.Now().Add(patience); seen.polling.Load() == 0 && time.Now().Before(end); {
			client.Do(context.WithoutCancel(t.Context()), "client", "kill", "type", "pubsub")
			time.Sleep(10 * time.Millisecond)
		}
	}()
	drain(t, newServer(100, time.Second), target, 20, q)
	<-cut
	if seen.polling.Load() == 0 {
		t.Error("the observer was not told that notices are cut")
	}
	if seen.fellBack.Load() != 0 {
		t.Errorf("%d callers fell back although Redis answered", seen.fellBack.Load())
	}
}

// In a Cluster each target lies on one server, and a target can move.
func TestCluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	queues := []*slot.Queue{newQueue(t, cluster.Client()), newQueue(t, cluster.Client())}
	for _, node := range cluster.Nodes {
		cluster.Move(keyOf(target), node)
		drain(t, newServer(200, 500*time.Millisecond), target, 20, queues...)
		if n := node.Client().Exists(t.Context(), keyOf(target)).Val(); n != 1 {
			t.Error("the book is not where its slot is")
		}
	}
	counter := slotredis.NewCounter(cluster.Client())
	for want := range int64(3) {
		if n, err := counter.Next(t.Context(), "ring"); err != nil || n != want+1 {
			t.Errorf("Next = %d, %v, want %d", n, err, want+1)
		}
	}
	store := open(t, cluster.Client())
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} { // on all of the servers
		heard, _ := listen(t, store, name)
		eventually(t, "a notice", func() bool {
			outage(t, store, name)
			ask(t, store, name, probed)
			return len(heard) > 0
		})
	}
}

// When the master is lost its replica goes on, perhaps with an older book.
func TestFailover(t *testing.T) {
	t.Parallel()
	sentinel := redistest.StartSentinel(t)
	q := newQueue(t, sentinel.Client(), slot.WithFallback(slot.BackoffFunc(func(int) time.Duration { return 0 })))
	parked := park(t, q, 10)
	sentinel.KillMaster()
	for _, r := range parked {
		ok(t, r.Wait(t.Context()))
	}
	sentinel.AwaitPromotion()
	paced(t, q)
	drain(t, newServer(200, 500*time.Millisecond), target, 20, q)
}

// Targets of any name have books of their own.
func TestManyTargets(t *testing.T) {
	t.Parallel()
	redisServer := redistest.Start(t)
	queues := []*slot.Queue{newQueue(t, redisServer.Client()), newQueue(t, redisServer.Client())}
	var all sync.WaitGroup
	for _, name := range []string{"a", "b", "{c}", "", "d d", "\x00\xff"} {
		all.Go(func() { drain(t, newServer(200, 500*time.Millisecond), name, 10, queues...) })
	}
	all.Wait()
}
