package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// events reads the data of server-sent events, with their names.
func events(t *testing.T, page string) func() (name, data string) {
	t.Helper()
	resp, err := http.Get(page + "/events")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if kind := resp.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatalf("content type %q", kind)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	return func() (name, data string) {
		for lines.Scan() {
			switch field, value, _ := strings.Cut(lines.Text(), ": "); field {
			case "event":
				name = value
			case "data":
				data = value
			case "":
				return name, data
			}
		}
		return "end", ""
	}
}

func TestStreamTellsThePastAndThenThePresent(t *testing.T) {
	without(t)
	s, page := open(t, "")
	next := events(t, page)
	var last sample
	for range 2 * smooth {
		name, data := next()
		if name == "history" {
			continue
		}
		if err := json.Unmarshal([]byte(data), &last); name != "" || err != nil {
			t.Fatalf("event %q %q: %v", name, data, err)
		}
	}
	if last.Capacity != 100 || last.Full != 100 || last.Store != storeMemory {
		t.Errorf("capacity %v of %v, store %q", last.Capacity, last.Full, last.Store)
	}
	if last.Herd != quick.herd {
		t.Errorf("%d callers come by a press", last.Herd)
	}
	s.setCapacity(fullStaff / 2)
	s.startOutage()
	for end := time.Now().Add(guard); last.Capacity != 0 || !last.Halved || last.Fleets[slots].Waiting < 10; {
		if _, data := next(); json.Unmarshal([]byte(data), &last) != nil || time.Now().After(end) {
			t.Fatalf("the outage does not show: %q", data)
		}
	}

	name, data := events(t, page)()
	var past []sample
	if err := json.Unmarshal([]byte(data), &past); name != "history" || err != nil {
		t.Fatalf("event %q %q: %v", name, data, err)
	}
	if len(past) < 2*smooth || past[0].Capacity != 100 || past[len(past)-1].Capacity != 0 {
		t.Errorf("a history of %d samples, first %+v, last %+v", len(past), past[0], past[len(past)-1])
	}
}

func TestStreamKeepsAMinute(t *testing.T) {
	t.Parallel()
	s := newStream()
	for i := range 2 * kept {
		s.publish(sample{Time: float64(i)})
	}
	past, page := s.join()
	defer s.leave(page)
	if len(past) != kept || past[0].Time != float64(kept) {
		t.Errorf("%d samples from %v, want %d from %d", len(past), past[0].Time, kept, kept)
	}
}

func TestStreamEndsForAPageThatDoesNotListen(t *testing.T) {
	t.Parallel()
	s := newStream()
	_, slow := s.join()
	_, good := s.join()
	for range backlog + 1 {
		s.publish(sample{})
		<-good
	}
	got := 0
	for range slow { // which is closed
		got++
	}
	if got != backlog {
		t.Errorf("%d samples before the end, want %d", got, backlog)
	}
	s.leave(slow)
	s.publish(sample{Time: 1})
	if x := <-good; x.Time != 1 {
		t.Errorf("the other page got %v", x)
	}
}
