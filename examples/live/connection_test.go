package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
)

// outOfSight: browsers allow a page few connections, and other tabs need them.
func outOfSight(t *testing.T, b *tab, s *stage) {
	stream := newStream()
	var open atomic.Int64
	events := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open.Add(1)
		defer open.Add(-1)
		stream.ServeHTTP(w, r)
	})
	web := httptest.NewServer(handler(s, events))
	defer web.Close()
	defer web.CloseClientConnections()
	stream.publish((&meter{stage: s}).sample())
	b.visit(web.URL)

	hide := func(hidden bool) {
		ask[bool](b, fmt.Sprintf(`Object.defineProperty(document, "hidden", { value: %t, configurable: true }), document.dispatchEvent(new Event("visibilitychange"))`, hidden))
	}
	hide(true)
	b.until("the page says so", state("page", "out of sight"))
	until(t, "the stream ends", func() bool { return open.Load() == 0 })
	hide(false)
	b.until("connected", connected)
	if n := open.Load(); n != 1 {
		t.Errorf("%d streams", n)
	}
	// The page hangs up itself, so that it has nothing to complain about.
	hide(true)
	until(t, "the stream ends again", func() bool { return open.Load() == 0 })
}

func comesBack(t *testing.T, b *tab, s *stage) {
	const dim = `getComputedStyle(document.querySelector(".figures")).opacity < 1`
	addr, end := raise(t, s, "127.0.0.1:0")
	b.visit("http://" + addr)
	b.until("bright", "!("+dim+")")
	end()
	b.until("the page says so", state("page", "not connected")+" && "+dim)
	raise(t, s, addr)
	b.until("connected again", connected+" && !("+dim+")")
	b.until("and hears", shown("slots", "served")+" > 0")
}
