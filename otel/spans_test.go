package otel_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	goaroundotel "github.com/goaroundhq/goaround/otel"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// traced makes a transport whose spans p sees.
func traced(p *tracer, base http.RoundTripper, opts ...transport.Option) http.RoundTripper {
	return transport.New(base, append([]transport.Option{second(), goaroundotel.Transport(
		goaroundotel.WithTracerProvider(p), goaroundotel.WithPropagators(propagation.TraceContext{}))}, opts...)...)
}

// tree is the ended spans in the order of their start, each with its depth, kind and name.
func tree(t *testing.T, p *tracer) ([]string, []sdktrace.ReadOnlySpan) {
	t.Helper()
	spans := p.ended.Ended()
	slices.SortStableFunc(spans, func(a, b sdktrace.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) })
	byID := map[trace.SpanID]sdktrace.ReadOnlySpan{}
	for _, s := range spans {
		byID[s.SpanContext().SpanID()] = s
	}
	depth := func(s sdktrace.ReadOnlySpan) (n int) {
		for parent, ok := byID[s.Parent().SpanID()]; ok; parent, ok = byID[parent.Parent().SpanID()] {
			n++
		}
		return n
	}
	slices.SortStableFunc(spans, func(a, b sdktrace.ReadOnlySpan) int {
		if order := a.StartTime().Compare(b.StartTime()); order != 0 {
			return order
		}
		return depth(a) - depth(b)
	})
	lines := make([]string, len(spans))
	for i, s := range spans {
		lines[i] = fmt.Sprintf("%s%s %s", strings.Repeat("> ", depth(s)), s.SpanKind(), s.Name())
	}
	return lines, spans
}

func wantTree(t *testing.T, p *tracer, want ...string) []sdktrace.ReadOnlySpan {
	t.Helper()
	got, spans := tree(t, p)
	if !slices.Equal(got, want) {
		t.Fatalf("spans\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	return spans
}

func TestSpansOfACall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, base := newTracer(t), &stub{statuses: []int{503, 429, 201}}
		if _, err := send(t.Context(), traced(p, base), "GET", "https://me:secret@api.test/orders?q=1&sig=s3cret#part"); err != nil {
			t.Fatal(err)
		}
		spans := wantTree(t, p, "internal retry GET", "> client GET", "> client GET", "> client GET")
		call := values(spans[0].Attributes())
		for key, want := range map[string]string{
			"http.request.method": "GET", "server.address": "api.test", "server.port": "443",
			"http.response.status_code": "201", "retry.attempts": "3", "retry.keyed": "false", "retry.outcome": "success_retried",
		} {
			if got := call[attribute.Key(key)]; got != want {
				t.Errorf("call: %s = %q, want %q", key, got, want)
			}
		}
		for i, want := range []struct{ resend, status, failure string }{{"", "503", "503"}, {"1", "429", "429"}, {"2", "201", ""}} {
			span := spans[i+1]
			got := values(span.Attributes())
			if got["http.request.resend_count"] != want.resend || got["http.response.status_code"] != want.status || got["error.type"] != want.failure {
				t.Errorf("attempt %d: %v, want %v", i+1, got, want)
			}
			if got["url.full"] != "https://REDACTED:REDACTED@api.test/orders?q=1&sig=REDACTED" {
				t.Errorf("url.full = %s", got["url.full"])
			}
			if failed := span.Status().Code == codes.Error; failed != (want.failure != "") {
				t.Errorf("attempt %d: status %v", i+1, span.Status())
			}
			if parent := base.sent[i].Header.Get("Traceparent"); !strings.Contains(parent, span.SpanContext().SpanID().String()) {
				t.Errorf("attempt %d was told %q, not its own span", i+1, parent)
			}
		}
		if spans[0].Status().Code == codes.Error {
			t.Error("a call that ended well is an error")
		}
	})
}

func TestEventsOfACall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newTracer(t)
		rt := traced(p, &stub{statuses: []int{503}}, transport.WithSlots(new(slot.Ring)), transport.WithMaxAttempts(2))
		if code, err := send(t.Context(), rt, "GET", url); code != 503 || err != nil {
			t.Fatal(code, err)
		}
		_, spans := tree(t, p)
		if spans[0].Status().Code != codes.Error {
			t.Error("a call that failed is no error")
		}
		events := spans[0].Events()
		if len(events) != 2 || events[0].Name != "retry.slot" || events[1].Name != "retry.suppressed" {
			t.Fatalf("events %+v", events)
		}
		wait, stop := values(events[0].Attributes), values(events[1].Attributes)
		if wait["retry.wait.source"] != "slot" || wait["retry.attempt"] != "1" || wait["retry.reason"] != "status_503" || wait["retry.delay"] == "" {
			t.Errorf("slot: %v", wait)
		}
		if stop["retry.reason"] != "attempts" || stop["retry.attempt"] != "2" {
			t.Errorf("suppressed: %v", stop)
		}
	})
}

// Two providers on one transport have a whole tree each.
func TestSpansOfTwoProviders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first, other := newTracer(t), newTracer(t)
		rt := traced(first, &stub{statuses: []int{503, 200}}, goaroundotel.Transport(goaroundotel.WithTracerProvider(other)))
		if _, err := send(t.Context(), rt, "GET", url); err != nil {
			t.Fatal(err)
		}
		for _, p := range []*tracer{first, other} {
			var calls, resent int
			for _, span := range p.ended.Ended() {
				attributes := values(span.Attributes())
				if attributes["http.request.resend_count"] == "1" {
					resent++
				}
				if attributes["retry.outcome"] == "success_retried" && len(span.Events()) == 1 {
					calls++
				}
			}
			if len(p.ended.Ended()) != 3 || calls != 1 || resent != 1 {
				t.Errorf("%d spans, %d calls with outcome and event, %d resent", len(p.ended.Ended()), calls, resent)
			}
		}
	})
}

func TestStatusOfSpans(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name          string
		opts          []transport.Option
		timeout       time.Duration // of the caller
		leave         time.Duration // of the caller
		call, attempt string        // error.type; "" for no error
	}{
		{name: "the caller leaves", leave: time.Second},
		{name: "the caller's deadline", timeout: time.Second, call: "timeout", attempt: "timeout"},
		{name: "the attempt's time", opts: []transport.Option{transport.WithAttemptTimeout(time.Second), transport.WithMaxAttempts(1)}, call: "timeout", attempt: "timeout"},
		{name: "the call's time", opts: []transport.Option{transport.WithTimeout(time.Second)}, call: "timeout", attempt: "timeout"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tt.leave > 0 {
					time.AfterFunc(tt.leave, cancel)
				}
				if tt.timeout > 0 {
					ctx, cancel = context.WithTimeout(ctx, tt.timeout)
					defer cancel()
				}
				hang := roundTripper(func(req *http.Request) (*http.Response, error) {
					<-req.Context().Done()
					return nil, req.Context().Err()
				})
				p := newTracer(t)
				if _, err := send(ctx, traced(p, hang, tt.opts...), "GET", url); err == nil {
					t.Fatal("no error")
				}
				spans := wantTree(t, p, "internal retry GET", "> client GET")
				for i, want := range []string{tt.call, tt.attempt} {
					got := values(spans[i].Attributes())["error.type"]
					if got != want || (spans[i].Status().Code == codes.Error) != (want != "") {
						t.Errorf("%s: error.type %q, status %v, want %q", spans[i].Name(), got, spans[i].Status(), want)
					}
				}
			})
		})
	}
}

// Hedges are sent again, too; the one that lost is no error.
func TestSpansOfHedges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newTracer(t)
		sent := make(chan struct{}, 2)
		slow := roundTripper(func(req *http.Request) (*http.Response, error) {
			sent <- struct{}{}
			if len(sent) == 1 {
				<-req.Context().Done()
				return nil, req.Context().Err()
			}
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		})
		if _, err := send(t.Context(), traced(p, slow, transport.WithHedging(transport.HedgeAfter(time.Second))), "GET", url); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		spans := wantTree(t, p, "internal retry GET", "> client GET", "> client GET")
		if spans[1].Status().Code == codes.Error {
			t.Error("the loser is an error")
		}
		if got := values(spans[2].Attributes())["http.request.resend_count"]; got != "1" {
			t.Errorf("hedge: resend count %q", got)
		}
	})
}

func TestUnknownMethods(t *testing.T) {
	t.Parallel()
	p := newTracer(t)
	if _, err := send(t.Context(), traced(p, &stub{statuses: []int{200}}), "BREW", url); err != nil {
		t.Fatal(err)
	}
	spans := wantTree(t, p, "internal retry HTTP", "> client HTTP")
	got := values(spans[1].Attributes())
	if got["http.request.method"] != "_OTHER" || got["http.request.method_original"] != "BREW" {
		t.Errorf("attributes %v", got)
	}
}

// The caller's request stays as it is, and so does a panic.
func TestSpansAreLawful(t *testing.T) {
	t.Parallel()
	p := newTracer(t)
	req := httptest.NewRequestWithContext(t.Context(), "POST", url, strings.NewReader("{}"))
	before := req.Header.Clone()
	resp, err := traced(p, &stub{statuses: []int{200}}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if fmt.Sprint(req.Header) != fmt.Sprint(before) {
		t.Errorf("header %v, was %v", req.Header, before)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = send(t.Context(), traced(p, roundTripper(func(*http.Request) (*http.Response, error) { panic("bug") })), "GET", url)
	}()
	wantTree(t, p, "internal retry POST", "> client POST", "internal retry GET", "> client GET")
}

// Idle connections of the base are closed through all steps.
func TestStepsPassCloseIdleOn(t *testing.T) {
	t.Parallel()
	base := &idle{}
	client := &http.Client{Transport: traced(newTracer(t), goaroundotel.ResendCount(base))}
	client.CloseIdleConnections()
	if !base.closed {
		t.Error("not closed")
	}
}

type idle struct {
	http.RoundTripper
	closed bool
}

func (i *idle) CloseIdleConnections() { i.closed = true }

// Without a provider of spans there are none, and the request is passed on as it is.
func TestNoProviderNoSpans(t *testing.T) {
	t.Parallel()
	base := &stub{statuses: []int{200}}
	req := httptest.NewRequestWithContext(t.Context(), "GET", url, http.NoBody)
	resp, err := transport.New(base, goaroundotel.Transport(newMeters(t).shop()...)).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if base.sent[0] != req {
		t.Error("the request was copied")
	}
}
