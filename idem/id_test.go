package idem_test

import (
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/idem"
)

func TestNewIDSeparatesItsParts(t *testing.T) {
	t.Parallel()
	type parts struct {
		namespace     string
		scope         idem.Scope
		method, route string
		key           string
	}
	seen := map[idem.ID]parts{}
	long := strings.Repeat("x", 300)
	for _, p := range []parts{
		{"shop", "c1", "POST", "/orders", "k"},
		{"", "c1", "POST", "/orders", "k"},
		{"shop", "c2", "POST", "/orders", "k"},
		{"shop", "c1", "PATCH", "/orders", "k"},
		{"shop", "c1", "POST", "/order", "sk"},
		{"shop", "c1", "POST", "/orders", "k2"},
		{"shopc1", "", "POST", "/orders", "k"},
		{"shop", "c1POST", "", "/orders", "k"},
		{"shop", "c1", "", "POST/orders", "k"},
		{"shop", "c1", "POST", "/orders\x01k", ""},
		{"shop", "c1", "POST", "", "/ordersk"},
		{long, "c1", "POST", "/orders", "k"},
		{long + "c1", "", "POST", "/orders", "k"},
		{"", idem.Scope(long) + "c1", "POST", "/orders", "k"},
	} {
		id := idem.NewID(p.namespace, p.scope, p.method, p.route, p.key)
		if other, ok := seen[id]; ok {
			t.Errorf("%q and %q have the same ID", p, other)
		}
		seen[id] = p
		if id != idem.NewID(p.namespace, p.scope, p.method, p.route, p.key) {
			t.Errorf("%q has two IDs", p)
		}
	}
}

func TestIDString(t *testing.T) {
	t.Parallel()
	id := idem.ID{0x00, 0xab, 31: 0xff}
	if got, want := id.String(), "00ab"+strings.Repeat("00", 29)+"ff"; got != want {
		t.Errorf("String = %s, want %s", got, want)
	}
}

func TestParseID(t *testing.T) {
	t.Parallel()
	want := idem.NewID("shop", "customer-17", "POST", "/orders", "key")
	if id, err := idem.ParseID(want.String()); err != nil || id != want {
		t.Errorf("ParseID = %v, %v, want %v", id, err, want)
	}
	for _, s := range []string{"", "00ab", want.String() + "00", want.String()[1:] + "x", want.String()[2:]} {
		if id, err := idem.ParseID(s); err == nil || id != (idem.ID{}) {
			t.Errorf("ParseID(%q) = %v, %v, want an error", s, id, err)
		}
	}
}

func TestNewIDAllocatesNothing(t *testing.T) {
	key := idem.NewKey()
	if n := testing.AllocsPerRun(100, func() { idem.NewID("shop", "customer-17", "POST", "/orders", key) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
