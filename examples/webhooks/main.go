// Command webhooks tells the endpoints of customers of events: signed, tried again with one
// key, and put aside where an endpoint does not come back.
//
//	go run ./examples/webhooks
//
// Three events go to four endpoints. One is well. One handles an event and its answer gets
// lost, so the event comes again, and is handled once. One handles its events and does not
// answer, and one is down: after a bounded time their events are dead letters, and nobody else
// has waited for that. Later both are well, and the dead letters are sent again under the keys
// that they had. So the endpoint that had not answered knows them, and does nothing twice:
//
//	delivered: 3 to fickle, 3 to well
//	dead letters: 3 for down, 3 for mute
//	delivered later: 3 to down, 3 to mute
//	well    handled 3 events in 3 requests
//	fickle  handled 3 events in 4 requests
//	mute    handled 3 events in 9 requests
//	down    handled 3 events in 9 requests
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"

	"github.com/goaroundhq/goaround/transport/faults"
)

// secret signs the events. It is one for all here; each endpoint should have its own.
const secret = "whsec_Zm9yIHRoaXMgZXhhbXBsZSBhbmQgbm90aGluZyBlbHNl"

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer) error {
	endpoints, platform, err := startEndpoints("well", "fickle", "mute", "down")
	if err != nil {
		return err
	}
	defer platform.Close()
	endpoints["mute"].answers(false)
	endpoints["down"].accepts(false)
	loseOne := faults.Only(func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "fickle") },
		faults.Script(faults.LoseResponse()))
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	s, err := newSender(loseOne(base))
	if err != nil {
		return err
	}

	var letters []letter
	for _, name := range slices.Sorted(maps.Keys(endpoints)) {
		for _, e := range []event{{"evt_1", "order.paid"}, {"evt_2", "order.sent"}, {"evt_3", "order.returned"}} {
			letters = append(letters, letter{endpoint: name, url: platform.URL + "/" + name, event: e})
		}
	}
	delivered, dead := s.deliver(ctx, letters)
	fmt.Fprintln(out, "delivered:", count(delivered, "to"))
	fmt.Fprintln(out, "dead letters:", count(dead, "for"))

	endpoints["mute"].answers(true)
	endpoints["down"].accepts(true)
	delivered, dead = s.deliver(ctx, dead)
	fmt.Fprintln(out, "delivered later:", count(delivered, "to"))
	for _, l := range dead {
		fmt.Fprintf(out, "still dead: %s for %s: %v\n", l.event.ID, l.endpoint, l.err)
	}
	for _, name := range []string{"well", "fickle", "mute", "down"} {
		e := endpoints[name]
		fmt.Fprintf(out, "%-7s handled %d events in %d requests\n", name, e.handled.Load(), e.requests.Load())
	}
	return nil
}

// count says how many letters there are for each endpoint.
func count(letters []letter, word string) string {
	n := make(map[string]int)
	for _, l := range letters {
		n[l.endpoint]++
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(n)) {
		parts = append(parts, fmt.Sprintf("%d %s %s", n[name], word, name))
	}
	return strings.Join(parts, ", ")
}

// startEndpoints starts a platform that hosts the endpoints of several customers.
func startEndpoints(names ...string) (map[string]*endpoint, *httptest.Server, error) {
	endpoints := make(map[string]*endpoint)
	mux := http.NewServeMux()
	for _, name := range names {
		e, err := newEndpoint()
		if err != nil {
			return nil, nil, err
		}
		endpoints[name] = e
		mux.Handle("POST /"+name, e)
	}
	return endpoints, httptest.NewServer(mux), nil
}
