package otel_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/goaroundhq/goaround/idem"
	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/otel/otelprom"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// All of a service is observed by one list of options.
func Example() {
	metrics, err := otelprom.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer metrics.Shutdown(context.Background())
	opts := []goaroundotel.Option{goaroundotel.WithMeterProvider(metrics), goaroundotel.WithService("shop")}

	// What the service calls.
	queue := slot.NewQueue(goaroundotel.Slots(opts...))
	budget := transport.NewBudget()
	defer goaroundotel.Budget(budget, opts...)()
	client := &http.Client{
		Transport: transport.New(nil, transport.WithSlots(queue), transport.WithBudget(budget), goaroundotel.Transport(opts...)),
		Timeout:   30 * time.Second,
	}

	// What calls the service. For jobs beside HTTP there is Guard.
	store := idem.NewMemory()
	jobs := idem.NewGuard(store, goaroundotel.Guard(opts...))
	once := server.New(store, server.WithSharedScope(), goaroundotel.Server(opts...))
	admit := server.Admission(server.AdmitConcurrency(64), goaroundotel.Admission(opts...))

	clock := skew.New(skew.WithSources(skew.Kernel()), goaroundotel.Clock(opts...))

	mux := http.NewServeMux()
	mux.Handle("POST /orders", admit(once(http.NotFoundHandler())))
	mux.Handle("GET /metrics", metrics)
	_, _, _ = client, jobs, clock
	// Output:
}
