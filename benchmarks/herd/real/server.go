package real

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/herd/sim"
	"github.com/goaroundhq/goaround/server"
)

// serverTask is what the server is told.
type serverTask struct {
	Case      sim.Case
	Start     time.Time // from which the outage is counted
	Admission bool      // whether server.Admission stands in front
}

// arrival is an attempt that reached the server, since the start.
type arrival struct {
	At   time.Duration
	Free bool // the first of its caller, who sent it at once
}

// freeHeader marks an attempt as the first of its caller, sent at once.
const freeHeader = "Herd-Free"

// serve is the server's process. It says its address, and when its task is over, which is
// when another line comes, what arrived.
func serve(in *json.Decoder, out *json.Encoder) error {
	var task serverTask
	if err := in.Decode(&task); err != nil {
		return err
	}
	s := newService(task)
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	web := &http.Server{Handler: s.handler(task.Admission), ReadHeaderTimeout: time.Minute}
	go func() { _ = web.Serve(listener) }() // until it is closed
	if err := out.Encode("http://" + listener.Addr().String()); err != nil {
		return err
	}
	var over bool
	if err := in.Decode(&over); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	_ = web.Close() // nobody calls any more
	s.mu.Lock()
	defer s.mu.Unlock()
	return out.Encode(s.arrivals)
}

// service is the model's server in real time.
type service struct {
	task serverTask

	mu       sync.Mutex // held wherever the model runs
	model    *sim.Server
	arrivals []arrival
}

func newService(task serverTask) *service {
	s := &service{task: task, arrivals: []arrival{}}
	// What a call takes is drawn from one stream, the order of calls is not: a run is not
	// the same twice.
	s.model = sim.NewServer(s, task.Case, rand.New(rand.NewPCG(1, 2)))
	return s
}

// Now implements sim.Clock.
func (s *service) Now() time.Duration { return time.Since(s.task.Start) }

// After implements sim.Clock.
func (s *service) After(d time.Duration, do func()) {
	time.AfterFunc(d, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		do()
	})
}

// handler is the service, away during the outage and otherwise behind its admission.
func (s *service) handler(admission bool) http.Handler {
	var work http.Handler = http.HandlerFunc(s.work)
	if admission {
		limit := server.AdmitConcurrency(s.task.Case.Workers())
		room := server.WithWaitingRoom(s.task.Case.Workers(), time.Second)
		work = server.Admission(limit, room, server.WithAdmissionObserver(server.AdmissionObserver{Decided: s.decided}))(work)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := s.Now()
		s.mu.Lock()
		s.arrivals = append(s.arrivals, arrival{now, r.Header.Get(freeHeader) != ""})
		s.mu.Unlock()
		if s.task.Case.Down(now) {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		work.ServeHTTP(w, r)
	})
}

// decided lets a refusal by the admission cost what one by the model costs.
func (s *service) decided(_ context.Context, e server.Entry) {
	if e.Verdict == server.Refused {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.model.Owe()
	}
}

func (s *service) work(w http.ResponseWriter, r *http.Request) {
	replied := make(chan sim.Reply, 1)
	s.mu.Lock()
	s.model.Take(0, func(r sim.Reply) { replied <- r })
	s.mu.Unlock()
	select {
	case reply := <-replied:
		if !reply.OK {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	case <-r.Context().Done(): // the worker does not know, and works on
	}
}
