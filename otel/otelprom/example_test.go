package otelprom_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/otel/otelprom"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/faults"
)

// A client's retries, as Prometheus reads them.
func ExampleNew() {
	metrics, err := otelprom.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer metrics.Shutdown(context.Background())

	shop := httptest.NewServer(http.NotFoundHandler())
	defer shop.Close()
	busyOnce := faults.Script(faults.Status(http.StatusServiceUnavailable))
	client := &http.Client{Transport: transport.New(busyOnce(http.DefaultTransport),
		transport.WithBackoff(slot.FullJitter{Base: 1}), // so that the example is quick
		transport.WithTarget(func(*http.Request) string { return "shop" }),
		goaroundotel.Transport(goaroundotel.WithMeterProvider(metrics), goaroundotel.WithService("orders")))}
	resp, err := client.Get(shop.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()

	page := httptest.NewRecorder()
	metrics.ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	for line := range strings.Lines(page.Body.String()) {
		if strings.HasPrefix(line, "retry_retries_total") {
			fmt.Print(line)
		}
	}
	// Output: retry_retries_total{retry_reason="status_503",retry_target="shop",service="orders"} 1
}
