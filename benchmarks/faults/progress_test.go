package main

import (
	"regexp"
	"strings"
	"testing"
)

// Without a terminal a tenth of the calls is a line, however they are told of.
func TestProgressInLines(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	p := newProgress(&out, 20)
	p.phase("server-kill")
	for _, n := range []int{1, 1, 0, 5, 13} {
		p.done(n)
	}
	p.say("server %d dies", 2)
	p.end()
	got := regexp.MustCompile(`\d+\.\d+ s`).ReplaceAllString(out.String(), "T")
	want := `2 of 20 calls after T (server-kill)
7 of 20 calls after T (server-kill)
20 of 20 calls after T (server-kill)
   T server 2 dies

`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
