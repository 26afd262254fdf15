package main

import (
	"strings"
	"testing"
)

func TestLinesOffATerminal(t *testing.T) {
	var out strings.Builder
	p := newProgress(&out, 30)
	p.say("hello")
	for range 30 {
		p.attempt()
		p.attempt()
		p.done()
	}
	p.end()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 11 || lines[0] != "hello" {
		t.Fatalf("got %q, want a greeting and ten lines", lines)
	}
	if lines[1] != "3 of 30 calls, 6 attempts" || lines[10] != "30 of 30 calls, 60 attempts" {
		t.Errorf("first %q and last %q are not a tenth and all", lines[1], lines[10])
	}
}

func TestBarOnATerminal(t *testing.T) {
	var out strings.Builder
	p := newBar(&out, 2)
	p.attempt()
	p.say("outage begins")
	p.done()
	p.attempt()
	p.done()
	p.end()
	for _, want := range []string{"outage begins\n", "2 attempts", "100%", "(2/2)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %q", want, out.String())
		}
	}
}
