package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/otel/otelprom"
	"github.com/goaroundhq/goaround/server"
	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// metrics shows to Prometheus what service and fleet do while they run. A nil one measures
// nothing.
type metrics struct {
	prometheus *otelprom.Metrics
	server     *http.Server
	dates      *skew.DateSource // the clients hear the time from the service's responses
	end        context.CancelFunc
	running    sync.WaitGroup
}

// startMetrics listens on the address until stop; it returns nil for "".
func startMetrics(ctx context.Context, address string, say func(string)) (*metrics, error) {
	if address == "" {
		return nil, nil //nolint:nilnil // nil measures nothing
	}
	prometheus, err := otelprom.New()
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("-metrics: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", prometheus)
	m := &metrics{
		prometheus: prometheus,
		server:     &http.Server{Handler: mux, ReadHeaderTimeout: stopTimeout},
		dates:      skew.NewDateSource("orders"),
	}
	m.running.Go(func() { _ = m.server.Serve(listener) }) // until stop
	clock := skew.New(skew.WithSources(m.dates), skew.WithInterval(time.Second), goaroundotel.Clock(m.options("fleet")...))
	ctx, m.end = context.WithCancel(ctx)
	m.running.Go(func() { _ = clock.Run(ctx) }) // likewise
	say(fmt.Sprintf("metrics on http://%s/metrics", listener.Addr()))
	return m, nil
}

func (m *metrics) options(service string) []goaroundotel.Option {
	return []goaroundotel.Option{goaroundotel.WithMeterProvider(m.prometheus), goaroundotel.WithService(service)}
}

// ofFleet measures the calls of the clients.
func (m *metrics) ofFleet() []transport.Option {
	if m == nil {
		return nil
	}
	return []transport.Option{goaroundotel.Transport(m.options("fleet")...), transport.WithDateSource(m.dates)}
}

// ofQueue measures the turns that the clients take.
func (m *metrics) ofQueue() []slot.QueueOption {
	if m == nil {
		return nil
	}
	return []slot.QueueOption{goaroundotel.Slots(m.options("fleet")...)}
}

// ofService measures the requests to the service.
func (m *metrics) ofService() []server.Option {
	if m == nil {
		return nil
	}
	return []server.Option{goaroundotel.Server(m.options("orders")...)}
}

// stop returns when nothing runs any more.
func (m *metrics) stop() error {
	if m == nil {
		return nil
	}
	m.end()
	err := m.server.Close()
	m.running.Wait()
	return errors.Join(err, m.prometheus.Shutdown(context.Background()))
}
