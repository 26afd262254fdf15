package idem_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

func derive(t *testing.T, operation string, params any) string {
	t.Helper()
	key, err := idem.Derive(operation, params)
	if err != nil {
		t.Fatalf("Derive(%q, %v): %v", operation, params, err)
	}
	if err := idem.CheckKey(key); err != nil {
		t.Fatal(err)
	}
	return key
}

func TestDeriveEqualParamsEqualKey(t *testing.T) {
	t.Parallel()
	type order struct {
		Quantity int     `json:"quantity"`
		Item     string  `json:"item"`
		Price    float64 `json:"price"`
	}
	want := derive(t, "create_order", order{2, "book", 10})
	for name, params := range map[string]any{
		"map":             map[string]any{"item": "book", "price": 10.0, "quantity": 2},
		"other order":     json.RawMessage(`{"price": 10, "quantity": 2, "item": "book"}`),
		"other spelling":  json.RawMessage(`{"price":1e1,"quantity":2.0,"item":"b\u006fok"}`),
		"the same struct": &order{2, "book", 10},
	} {
		if got := derive(t, "create_order", params); got != want {
			t.Errorf("%s: key differs", name)
		}
	}
}

func TestDeriveDifferentParamsDifferentKey(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, c := range []struct {
		operation string
		params    any
	}{
		{"create_order", nil},
		{"create_order", map[string]any{}},
		{"create_order", []int{}},
		{"create_order", ""},
		{"create_order", 1},
		{"create_order", "1"},
		{"create_order", true},
		{"create_order", []any{1, 2}},
		{"create_order", []any{2, 1}},
		{"create_order", []any{[]any{1}, 2}},
		{"create_order", math.MaxInt32},
		{"create_order", 1<<53 - 1},
		{"create_order", -(1<<53 - 1)},
		{"create_order", 0.1},
		{"create_order", 0.1 + 1e-17},
		{"create_order", "\ufffd"},
		{"create_orde", "r"},
		{"", "create_order"},
		{"cancel_order", nil},
	} {
		key := derive(t, c.operation, c.params)
		name := c.operation + " " + toJSON(t, c.params)
		if other, ok := seen[key]; ok && other != name {
			t.Errorf("%s and %s have the same key", name, other)
		}
		seen[key] = name
	}
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Two parameters that JSON cannot keep apart would silently be one operation.
func TestDeriveRefusesWhatJSONCannotTellApart(t *testing.T) {
	t.Parallel()
	for name, params := range map[string]any{
		"integer beyond a double":    int64(1<<53 + 1),
		"uint64":                     uint64(math.MaxUint64),
		"written in another way":     int64(1 << 60), // canonically 1152921504606847000
		"nested":                     map[string]any{"orders": []any{1, int64(1<<60 + 1)}},
		"too precise":                json.Number("0.10000000000000000001"),
		"underflow":                  json.Number("1e-999999999"),
		"overflow":                   json.Number("1e999"),
		"invalid UTF-8":              "order \xff",
		"invalid UTF-8 in a map key": map[string]int{"\xff": 1},
		"invalid UTF-8 after quotes": []string{`a\`, "\xff"},
		"NaN":                        math.NaN(),
		"function":                   func() {},
		"broken raw message":         json.RawMessage(`{"a":`),
	} {
		if key, err := idem.Derive("op", params); err == nil {
			t.Errorf("%s: got %q, want an error", name, key)
		} else if !strings.HasPrefix(err.Error(), "idem: derive key: ") {
			t.Errorf("%s: error %q", name, err)
		}
	}
}

func TestDeriveAcceptsWhatLooksSuspicious(t *testing.T) {
	t.Parallel()
	for name, params := range map[string]any{
		"largest exact integer":   int64(1 << 53),
		"zero in many forms":      []any{json.Number("0"), json.Number("-0"), json.Number("0.00e5")},
		"smallest double":         math.SmallestNonzeroFloat64,
		"genuine U+FFFD":          "\ufffd",
		"the six letters":         `\ufffd`,
		"backslashes before them": `\\ufffd \\\ufffd`,
	} {
		if _, err := idem.Derive("op", params); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// No clock: both sides of any time boundary are the same operation.
func TestDeriveDoesNotDependOnTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := derive(t, "create_order", map[string]any{"id": 17})
		time.Sleep(5*time.Minute + time.Nanosecond)
		if again := derive(t, "create_order", map[string]any{"id": 17}); again != first {
			t.Error("key changed with time")
		}
	})
}

// The key is part of a protocol between processes of different versions and languages.
func TestDeriveIsStable(t *testing.T) {
	t.Parallel()
	// printf '\x0ccreate_order{"id":17}' | sha256sum
	const want = "5afe6b8947c82f8e88cbbf070a157994f423ce06fac7fecadf65b11a126c34de"
	if got := derive(t, "create_order", map[string]any{"id": 17}); got != want {
		t.Errorf("Derive = %s, want %s", got, want)
	}
}
