package idem_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/idem"
)

// Whatever bytes callers choose for the parts that are theirs, two operations have one ID
// only if they are one operation.
func FuzzIDs(f *testing.F) {
	long := strings.Repeat("x", 255)
	f.Add("", "ann", "POST", "/orders", "k", "", "bob", "POST", "/orders", "k")
	f.Add("", "ann\x04POST", "", "/orders", "k", "", "ann", "POST", "/orders", "k")
	f.Add("", "a", "b", "c", "\x01d", "", "a", "b", "c\x01", "d")
	f.Add("", "", "", "", "", "\x00", "", "", "", "")
	f.Add(long, long, "", "", "", long+long, "", "", "", "")
	f.Add("", "\xff\x01", "", "", "", "", "\xff", "\x01", "", "")
	f.Add("", "ann", "POST", "/caf\u00e9", "k", "", "ann", "POST", "/cafe\u0301", "k")
	f.Fuzz(func(t *testing.T, n1, s1, m1, r1, k1, n2, s2, m2, r2, k2 string) {
		one := idem.NewID(n1, idem.Scope(s1), m1, r1, k1)
		two := idem.NewID(n2, idem.Scope(s2), m2, r2, k2)
		same := n1 == n2 && s1 == s2 && m1 == m2 && r1 == r2 && k1 == k2
		if (one == two) != same {
			t.Fatalf("%q and %q: one ID: %v", []string{n1, s1, m1, r1, k1}, []string{n2, s2, m2, r2, k2}, one == two)
		}
	})
}

// A field of a megabyte must not become a map of many more. What a careful client sends
// fits all the same.
func TestFieldIsBoundedBeforeItIsParsed(t *testing.T) {
	escaped := `"` + strings.Repeat(`\"`, idem.MaxKeyLen) + `"`
	for name, tt := range map[string]struct {
		value string
		err   error
	}{
		"longest key, all of it escaped": {escaped, nil},
		"and parameters":                 {escaped + ";v=" + strings.Repeat("1", 12), nil},
		"parameters without end":         {`"k"` + strings.Repeat(";a", 512), idem.ErrKeyInvalid},
		"one long parameter":             {`"k";v="` + strings.Repeat("x", 1<<20) + `"`, idem.ErrKeyInvalid},
		"bare":                           {strings.Repeat("k", 1<<20), idem.ErrKeyInvalid},
	} {
		if _, err := idem.ParseHeader([]string{tt.value}); !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, want %v", name, err, tt.err)
		}
	}
	many := []string{`"k"` + strings.Repeat(";a", 1<<19)}
	if n := testing.AllocsPerRun(10, func() { _, _ = idem.ParseHeader(many) }); n > 10 {
		t.Errorf("%v allocations for a field that is refused", n)
	}
}
