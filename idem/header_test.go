package idem_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/idem"
)

func TestParseHeader(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("k", idem.MaxKeyLen)
	for _, tt := range []struct {
		name   string
		values []string
		want   string
		err    error
	}{
		{"none", nil, "", idem.ErrKeyMissing},
		{"quoted", []string{`"8e03978e-40d5-43dd-bc93-6894a57f9324"`}, "8e03978e-40d5-43dd-bc93-6894a57f9324", nil},
		{"bare", []string{"8e03978e-40d5-43dd-bc93-6894a57f9324"}, "8e03978e-40d5-43dd-bc93-6894a57f9324", nil},
		{"space around", []string{"  order-17\t"}, "order-17", nil},
		{"space around quotes", []string{` "order-17" `}, "order-17", nil},
		{"space inside quotes", []string{`" order 17 "`}, " order 17 ", nil},
		{"comma inside quotes", []string{`"a,b"`}, "a,b", nil},
		{"escapes", []string{`"a\"b\\c"`}, `a"b\c`, nil},
		{"parameter", []string{`"order-17";v=1`}, "order-17", nil},
		{"parameter with quotes", []string{`"order-17";v="x"`}, "order-17", nil},
		{"bare with semicolon", []string{"a;b=c"}, "a;b=c", nil},
		{"one character", []string{"k"}, "k", nil},
		{"longest bare", []string{long}, long, nil},
		{"longest quoted", []string{`"` + long + `"`}, long, nil},
		{"too long bare", []string{long + "k"}, "", idem.ErrKeyInvalid},
		{"too long quoted", []string{`"` + long + `k"`}, "", idem.ErrKeyInvalid},
		{"empty", []string{""}, "", idem.ErrKeyInvalid},
		{"blank", []string{"  "}, "", idem.ErrKeyInvalid},
		{"empty quotes", []string{`""`}, "", idem.ErrKeyInvalid},
		{"blank quotes", []string{`"  "`}, "", idem.ErrKeyInvalid},
		{"two fields", []string{"a", "b"}, "", idem.ErrKeyInvalid},
		{"two equal fields", []string{"a", "a"}, "", idem.ErrKeyInvalid},
		{"joined by a proxy", []string{"a, b"}, "", idem.ErrKeyInvalid},
		{"quoted and joined", []string{`"a", "b"`}, "", idem.ErrKeyInvalid},
		{"no closing quote", []string{`"order-17`}, "", idem.ErrKeyInvalid},
		{"only a quote", []string{`"`}, "", idem.ErrKeyInvalid},
		{"quote in a bare key", []string{`order"17`}, "", idem.ErrKeyInvalid},
		{"bad escape", []string{`"a\nb"`}, "", idem.ErrKeyInvalid},
		{"after the quotes", []string{`"a"b`}, "", idem.ErrKeyInvalid},
		{"line feed", []string{"a\nb"}, "", idem.ErrKeyInvalid},
		{"carriage return in quotes", []string{"\"a\rb\""}, "", idem.ErrKeyInvalid},
		{"NUL", []string{"a\x00b"}, "", idem.ErrKeyInvalid},
		{"DEL", []string{"a\x7fb"}, "", idem.ErrKeyInvalid},
		{"UTF-8", []string{"schlüssel"}, "", idem.ErrKeyInvalid},
		{"invalid UTF-8", []string{"a\xff"}, "", idem.ErrKeyInvalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := idem.ParseHeader(tt.values)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error = %v, want %v", err, tt.err)
			}
			if err == nil && got != tt.want {
				t.Errorf("key = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFormatHeader(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		key, quoted, bare string // "" where it is refused
	}{
		{"order-17", `"order-17"`, "order-17"},
		{`a"b\c`, `"a\"b\\c"`, ""},
		{`a\b`, `"a\\b"`, `a\b`},
		{"a,b", `"a,b"`, ""},
		{" a", `" a"`, ""},
		{"a b", `"a b"`, "a b"},
		{"", "", ""},
		{"a\n", "", ""},
		{strings.Repeat("k", 256), "", ""},
	} {
		got, err := idem.FormatHeader(tt.key)
		if got != tt.quoted || (err != nil) != (tt.quoted == "") || (err != nil && !errors.Is(err, idem.ErrKeyInvalid)) {
			t.Errorf("FormatHeader(%q) = %q, %v; want %q", tt.key, got, err, tt.quoted)
		}
		got, err = idem.FormatBareHeader(tt.key)
		if got != tt.bare || (err != nil) != (tt.bare == "") || (err != nil && !errors.Is(err, idem.ErrKeyInvalid)) {
			t.Errorf("FormatBareHeader(%q) = %q, %v; want %q", tt.key, got, err, tt.bare)
		}
	}
}

// Whatever a client sends, a key that is accepted is one that can be sent again, and
// reads as itself in every form.
func FuzzParseHeader(f *testing.F) {
	for _, seed := range []string{`"order-17"`, "order-17", `"a\"b"`, `"a";b=c`, `"a", "b"`, "", `"`, "a,b", "\"\\", "\x00", ":YQ==:", "?1", "1.0", "@1", "(a b)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		key, err := idem.ParseHeader([]string{value})
		if err != nil {
			if !errors.Is(err, idem.ErrKeyInvalid) {
				t.Fatalf("error %v", err)
			}
			return
		}
		if err := idem.CheckKey(key); err != nil {
			t.Fatalf("accepted %q: %v", key, err)
		}
		quoted, err := idem.FormatHeader(key)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := idem.ParseHeader([]string{quoted}); err != nil || again != key {
			t.Fatalf("%q -> %q -> %q, %v", key, quoted, again, err)
		}
		if bare, err := idem.FormatBareHeader(key); err == nil {
			if again, err := idem.ParseHeader([]string{bare}); err != nil || again != key {
				t.Fatalf("%q -> %q -> %q, %v", key, bare, again, err)
			}
		}
	})
}
