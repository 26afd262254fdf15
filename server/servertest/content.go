package servertest

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/goaroundhq/goaround/idem"
)

var contentRules = []rule{
	{name: "Content/OtherBodyIs422", check: func(e *env) {
		e.repeat(false, []repetition{
			{name: "other body", path: "/orders?v=1", body: `{"item":"bool"}`},
			{name: "longer body", path: "/orders?v=1", body: order + " "},
			{name: "shorter body", path: "/orders?v=1", body: order[1:]},
			{name: "no body", path: "/orders?v=1"},
			{name: "longer and chunked", path: "/orders?v=1", body: order + " ", change: chunked},
			{name: "shorter and chunked", path: "/orders?v=1", body: order[1:], change: chunked},
		})
	}},
	{name: "Content/OtherQueryIs422", check: func(e *env) {
		e.repeat(false, []repetition{
			{name: "other query", path: "/orders?v=2", body: order},
			{name: "no query", path: "/orders", body: order},
		})
	}},
	{name: "Content/OtherMediaTypeIs422", check: func(e *env) {
		e.repeat(false, []repetition{{name: "text", path: "/orders?v=1", body: order, change: mediaType("text/plain")}})
	}},
	{name: "Content/WhatDoesNotMatterIsReplayed", check: func(e *env) {
		e.repeat(true, []repetition{
			{name: "the same", path: "/orders?v=1", body: order},
			{name: "chunked", path: "/orders?v=1", body: order, change: chunked},
			{name: "parameters", path: "/orders?v=1", body: order, change: mediaType("Application/JSON; charset=utf-8")},
			{name: "another field", path: "/orders?v=1", body: order, change: func(r *http.Request) { r.Header.Set("Attempt", "2") }},
		})
	}},
	{name: "Content/OnlyWhatTheHandlerReadIsCompared", check: readInPart},
	{name: "Content/OtherBodyOfAnUnknownOutcomeIsStillUnknown", check: func(e *env) {
		s := e.serve(func(http.ResponseWriter, *http.Request) { panic("crash") })
		s.post("k")
		s.expectProblem(s.send(http.MethodPost, "/orders", "k", "other"), http.StatusConflict, idem.OutcomeUnknown)
		s.expectRuns(1)
	}},
}

const order = `{"item":"book"}`

// repetition is a request with a key that was used for an order to /orders?v=1 before.
type repetition struct {
	name, path, body string
	change           change
}

func chunked(r *http.Request) { r.ContentLength = -1 }

func mediaType(name string) change {
	return func(r *http.Request) { r.Header.Set("Content-Type", name) }
}

// repeat checks whether the repetitions are the same request as the first.
func (e *env) repeat(same bool, repetitions []repetition) {
	s := e.serve(created)
	s.expectCreated(s.send(http.MethodPost, "/orders?v=1", "k", order))
	for _, again := range repetitions {
		var changes []change
		if again.change != nil {
			changes = append(changes, again.change)
		}
		r := s.send(http.MethodPost, again.path, "k", again.body, changes...)
		if same {
			s.expectReplay(r)
		} else {
			s.expectProblem(r, http.StatusUnprocessableEntity, idem.KeyReused)
			if strings.Contains(r.body, "17") || r.header.Get("Location") != "" {
				e.Errorf("%s: the refusal reveals the stored response: %v %v", again.name, r, r.header)
			}
		}
		if e.Failed() {
			e.Fatalf("repeated with %s", again.name)
		}
	}
	s.expectRuns(1)
}

// What a handler did can only depend on what it read.
func readInPart(e *env) {
	three := func(_ http.ResponseWriter, r *http.Request) { _, _ = io.CopyN(io.Discard, r.Body, 3) }
	for i, c := range []struct {
		handler      http.HandlerFunc
		first, again string
		same         bool
	}{
		{func(http.ResponseWriter, *http.Request) {}, "a", "b", true},
		{three, "abcdef", "abcxyz", true},
		{three, "abcdef", "abxdef", false},
		{three, "abcdef", "ab", false},
		{func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadFull(r.Body, make([]byte, r.ContentLength))
		}, "abcdef", "abcdefg", false},
		{func(_ http.ResponseWriter, r *http.Request) {
			var v any
			_ = json.NewDecoder(r.Body).Decode(&v)
		}, `{"a":1}`, `{"a":2}`, false},
	} {
		s := e.serve(c.handler)
		key := "k" + strconv.Itoa(i)
		s.expect(s.send(http.MethodPost, "/orders", key, c.first), http.StatusOK, "")
		if again := s.send(http.MethodPost, "/orders", key, c.again); again.replayed() != c.same || again.says(idem.KeyReused) == c.same {
			e.Errorf("%q after %q: %v, replayed %v, want %v", c.again, c.first, again, again.replayed(), c.same)
		}
		s.expectRuns(1)
	}
}
