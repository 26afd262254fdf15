//go:build !race

package server_test

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/server"
)

func TestAdmission_allocs(t *testing.T) {
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	r, w := httptest.NewRequest(http.MethodGet, "/", nil), &sink{header: make(http.Header)}
	for name, limit := range map[string]server.Limit{
		"places": server.AdmitConcurrency(10),
		"rate":   server.AdmitRate(1e9, 1e6),
	} {
		h := server.Admission(limit)(nothing)
		if n := testing.AllocsPerRun(1000, func() { h.ServeHTTP(w, r) }); n != 0 {
			t.Errorf("%s: an admitted request costs %v allocations, want none", name, n)
		}
	}
	h := server.Admission(server.AdmitRate(1, 1), noRoom)(nothing)
	h.ServeHTTP(w, r)
	if n := testing.AllocsPerRun(1000, func() { h.ServeHTTP(w, r) }); n > 12 {
		t.Errorf("a refusal costs %v allocations, want at most 12", n)
	}
}

// A million callers are refused, by a limit that has a slot for each within its horizon.
func TestAdmission_memoryIsBounded(t *testing.T) {
	h := server.Admission(server.AdmitRate(20e3, 1), noRoom)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r, w := httptest.NewRequest(http.MethodGet, "/", nil), &sink{header: make(http.Header)}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, refused, kept := heap(), 0, 0
	for refused < 1e6 {
		w.status = 0
		h.ServeHTTP(w, r)
		if w.status == http.StatusServiceUnavailable {
			refused++
			if len(w.header.Get(server.SlotHeader)) > 20 {
				kept++
			}
		}
	}
	used := heap() - before
	t.Logf("%d refused, %d seats given, %d KiB", refused, kept, used>>10)
	if used > 8<<20 {
		t.Errorf("%d MiB are in use after a million refusals, want at most 8", used>>20)
	}
	if kept < server.MaxSeats {
		t.Errorf("%d seats were given, want %d and more", kept, server.MaxSeats)
	}
	runtime.KeepAlive(h)
}

// Sixty thousand who are to ask again do not use up the tickets of those who get a slot.
func TestAdmission_ticketsAreLeftForSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := server.Admission(server.AdmitRate(10, 1), noRoom)(takes(0))
		for range server.MaxSeats + 100 {
			ask(h, "")
		}
		time.Sleep(500 * time.Millisecond)
		ask(h, "")
		if slot, ticket := slotOf(t, ask(h, "").Header()); ticket == "" {
			t.Errorf("no ticket for the slot in %v", slot)
		}
	})
}

func BenchmarkAdmission(b *testing.B) {
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for name, limit := range map[string]server.Limit{
		"admitted/places": server.AdmitConcurrency(1000),
		"admitted/rate":   server.AdmitRate(1e9, 1e6),
		"refused":         server.AdmitRate(1.0/3600, 1),
	} {
		b.Run(name, func(b *testing.B) {
			h := server.Admission(limit, noRoom)(nothing)
			r, w := httptest.NewRequest(http.MethodGet, "/", nil), &sink{header: make(http.Header)}
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
		})
	}
}
