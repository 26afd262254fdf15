package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// shown are the attributes that are printed.
var shown = []attribute.Key{"retry.attempts", "retry.outcome", "error.type", "http.request.resend_count", "idempotency.result"}

// printTree prints spans, each below its parent, in the order in which they began.
func printTree(out io.Writer, spans tracetest.SpanStubs) {
	slices.SortStableFunc(spans, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	printBelow(out, spans, trace.SpanID{}, "")
}

func printBelow(out io.Writer, spans tracetest.SpanStubs, parent trace.SpanID, indent string) {
	for _, s := range spans {
		if s.Parent.SpanID() != parent {
			continue
		}
		line := fmt.Sprintf("%-23s %-9s", indent+s.Name, strings.ToUpper(s.SpanKind.String()))
		set := attribute.NewSet(s.Attributes...)
		for _, key := range shown {
			if value, ok := set.Value(key); ok {
				line += fmt.Sprintf(" %s=%s", key, value.String())
			}
		}
		fmt.Fprintln(out, strings.TrimRight(line, " "))
		printBelow(out, spans, s.SpanContext.SpanID(), indent+"  ")
	}
}
