package main

import (
	"io"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/benchmarks/faults/site"
)

// What the flags say of calls must reach the clients.
func TestClientTask(t *testing.T) {
	t.Parallel()
	s, err := site.Open(t.Context(), site.Redis, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	c := config{calls: 9, seed: 4, clients: 2, callers: 3, rate: 10, deadline: 30 * time.Second}
	f := newFleet(c, s, "", newBook(c.calls, c.clients, newProgress(io.Discard, c.calls)))
	task := f.clientTask(1, f.book.open)
	if task.Seed != 4 || task.Calls != 9 || task.Next != 1 || task.Step != 2 || task.Callers != 3 || task.Rate != 5 || task.Deadline != c.deadline {
		t.Errorf("task %+v of %+v", task, c)
	}
}
