package transport_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// stub answers at once, and reads and closes the request body like a real transport.
func stub(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
		_ = req.Body.Close()
	}
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req}, nil
}

// flaky is a stub whose every other response is a 503.
func flaky() func(*http.Request) (*http.Response, error) {
	n := 0
	return func(req *http.Request) (*http.Response, error) {
		resp, err := stub(req)
		if n++; n%2 == 1 {
			resp.StatusCode = http.StatusServiceUnavailable
		}
		return resp, err
	}
}

// BenchmarkTransport compares the full chain with the bare stub under it.
func BenchmarkTransport(b *testing.B) {
	large := bytes.Repeat([]byte("goaround"), 8<<10)
	get := func() *http.Request { return request(b, http.MethodGet, nil) }
	post := func() *http.Request { return request(b, http.MethodPost, strings.NewReader("{}")) }
	postLarge := func() *http.Request { return request(b, http.MethodPost, bytes.NewReader(large)) }
	noWait := transport.WithBackoff(slot.FullJitter{Base: 1, Max: 1})
	plenty := transport.WithBudget(transport.NewBudget(transport.WithBudgetShare(1)))

	for _, bench := range []struct {
		name string
		rt   http.RoundTripper
		req  func() *http.Request
		once bool // the request can be sent again without making it anew
	}{
		{"GET/stub", roundTripperFunc(stub), get, true},
		{"GET/chain", transport.New(roundTripperFunc(stub)), get, true},
		{"POST/stub", roundTripperFunc(stub), post, false},
		{"POST/chain", transport.New(roundTripperFunc(stub)), post, false},
		{"POST64KiB/stub", roundTripperFunc(stub), postLarge, false},
		{"POST64KiB/chain", transport.New(roundTripperFunc(stub)), postLarge, false},
		{"OneRetry/GET", transport.New(roundTripperFunc(flaky()), noWait, plenty), get, true},
		{"OneRetry/POST64KiB", transport.New(roundTripperFunc(flaky()), noWait, plenty), postLarge, false},
	} {
		b.Run(bench.name, func(b *testing.B) {
			req := bench.req()
			b.ReportAllocs()
			for b.Loop() {
				if !bench.once {
					req = bench.req()
				}
				resp, err := bench.rt.RoundTrip(req)
				if err != nil || resp.StatusCode != http.StatusOK {
					b.Fatal(resp, err)
				}
			}
		})
	}
}

func request(tb testing.TB, method string, body io.Reader) *http.Request {
	tb.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, "http://api.example.com/orders", body)
	if err != nil {
		tb.Fatal(err)
	}
	return req
}

// BenchmarkBudget is what a call costs the budget, and what a retry does.
func BenchmarkBudget(b *testing.B) {
	const target = "http://api.example.com:80"
	budget := transport.NewBudget(transport.WithBudgetShare(2))
	b.Run("Call", func(b *testing.B) {
		for b.Loop() {
			budget.Call(target)
		}
	})
	b.Run("CallParallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				budget.Call(target)
			}
		})
	})
	b.Run("CallAndSpend", func(b *testing.B) {
		for b.Loop() {
			budget.Call(target)
			if !budget.Spend(target, transport.FailureCost) {
				b.Fatal("spent")
			}
		}
	})
}
