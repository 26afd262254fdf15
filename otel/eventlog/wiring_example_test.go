package eventlog_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/otel/eventlog"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/faults"
)

// All of a service writes to one logger. At the level Info it is silent until somebody should look.
func Example() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{} // so that the output is always the same
			}
			return a
		},
	}))
	store := idem.NewMemory()
	queue := slot.NewQueue(eventlog.Slots(logger))
	jobs := idem.NewGuard(store, eventlog.Guard(logger))
	once := server.New(store, server.WithSharedScope(), eventlog.Server(logger))
	admit := server.Admission(server.AdmitConcurrency(64), eventlog.Admission(logger))
	clock := skew.New(skew.WithSources(skew.Kernel()), skew.WithLogger(logger))
	_, _, _, _, _ = queue, jobs, once, admit, clock

	broken := faults.Script(faults.Status(http.StatusServiceUnavailable), faults.Status(http.StatusServiceUnavailable))
	client := &http.Client{Transport: transport.New(broken(http.DefaultTransport), eventlog.Transport(logger),
		transport.WithMaxAttempts(2), transport.WithBackoff(slot.FullJitter{Base: 1, Max: 1}),
		transport.WithTarget(func(*http.Request) string { return "payments" }))}
	resp, err := client.Get("http://payments.example.com/charges/17")
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output:
	// level=WARN msg="call given up" target=payments attempt=2 status=503 reason="slot: no attempts left"
	// 503
}
