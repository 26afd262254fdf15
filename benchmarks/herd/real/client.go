package real

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// clientTask is what a process of callers is told.
type clientTask struct {
	Strategy string
	Capacity float64
	URL      string
	Redis    string // socket
	Start    time.Time
	Births   []time.Duration // one for each caller, since the start
	Horizon  time.Duration   // since the start
}

// ending is what became of a caller.
type ending struct {
	Born   time.Duration // since the start
	At     time.Duration // when it was served
	Served bool
	Calls  int // attempts
	Free   int // of them that were sent at once: 0 or 1
}

// call is a process of callers. It says what became of them.
func call(in *json.Decoder, out *json.Encoder) error {
	var task clientTask
	if err := in.Decode(&task); err != nil {
		return err
	}
	ctx, cancel := context.WithDeadline(context.Background(), task.Start.Add(task.Horizon))
	defer cancel()
	go func() {
		_ = in.Decode(new(bool)) // the end of the input: the parent is gone, or wants no more
		cancel()
	}()
	strategy, err := find(task.Strategy)
	if err != nil {
		return err
	}
	wire := &http.Transport{MaxIdleConnsPerHost: len(task.Births)}
	client, end := strategy.client(task, marker{wire})
	defer end()
	endings := make([]ending, len(task.Births))
	var callers sync.WaitGroup
	for i, born := range task.Births {
		callers.Go(func() {
			time.Sleep(time.Until(task.Start.Add(born)))
			endings[i] = one(ctx, client, task)
		})
	}
	callers.Wait()
	wire.CloseIdleConnections()
	return out.Encode(endings)
}

// attempts is how often a caller's call was sent.
type attempts struct {
	born        time.Time
	calls, free atomic.Int64
}

type attemptsKey struct{}

// one is a caller.
func one(ctx context.Context, client *http.Client, task clientTask) ending {
	a := &attempts{born: time.Now()}
	ctx = context.WithValue(ctx, attemptsKey{}, a)
	err := get(ctx, client, task.URL)
	e := ending{Born: a.born.Sub(task.Start), At: time.Since(task.Start), Served: err == nil}
	e.Calls, e.Free = int(a.calls.Load()), int(a.free.Load())
	return e
}

func get(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", res.Status)
	}
	return nil
}

// atOnce is how soon a first attempt is sent that nobody held back, on a machine that has
// other things to do.
const atOnce = 50 * time.Millisecond

// marker counts attempts, and marks those that were sent at once.
type marker struct{ next http.RoundTripper }

func (m marker) RoundTrip(r *http.Request) (*http.Response, error) {
	a := r.Context().Value(attemptsKey{}).(*attempts)
	if a.calls.Add(1) == 1 && time.Since(a.born) < atOnce {
		a.free.Add(1)
		r = r.Clone(r.Context())
		r.Header.Set(freeHeader, "1")
	}
	return m.next.RoundTrip(r)
}
