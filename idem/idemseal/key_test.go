package idemseal_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemseal"
)

func TestRotation(t *testing.T) {
	t.Parallel()
	inner := idem.NewMemory()
	finish(t, idemseal.New(inner, key(1, 'a')), id)
	for _, tt := range []struct {
		name  string
		store *idemseal.Store
		want  error
	}{
		{"the same key", idemseal.New(inner, key(1, 'a')), nil},
		{"as an old key", idemseal.New(inner, key(2, 'b'), idemseal.WithOldKey(key(1, 'a'))), nil},
		{"the old key is gone", idemseal.New(inner, key(2, 'b')), idemseal.ErrKey},
		{"another secret under its number", idemseal.New(inner, key(1, 'b')), idemseal.ErrTampered},
		{"the secret under another number", idemseal.New(inner, key(2, 'a')), idemseal.ErrKey},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			result := done(t, tt.store, id)
			if !errors.Is(result.Unreadable, tt.want) {
				t.Errorf("Unreadable = %v, want %v", result.Unreadable, tt.want)
			}
			if readable := bytes.Equal(result.Record, response); readable != (tt.want == nil) {
				t.Errorf("record %q", result.Record)
			}
		})
	}
}

func TestKeyKeepsItsSecretFromLogs(t *testing.T) {
	t.Parallel()
	k := key(7, 'a')
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("sealing", "key", k)
	for _, text := range []string{fmt.Sprint(k), fmt.Sprintf("%+v", k), fmt.Sprintf("%#v", k), log.String()} {
		if strings.Contains(text, "aa") || strings.Contains(text, "97") || !strings.Contains(text, "key 7") {
			t.Errorf("%q", text)
		}
	}
}

func TestKeysMustBeRight(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(){
		"short secret":     func() { idemseal.New(idem.NewMemory(), idemseal.Key{ID: 1, Secret: []byte("short")}) },
		"short old secret": func() { idemseal.New(idem.NewMemory(), key(1, 'a'), idemseal.WithOldKey(idemseal.Key{ID: 2})) },
		"number used twice": func() {
			idemseal.New(idem.NewMemory(), key(1, 'a'), idemseal.WithOldKey(key(1, 'b')))
		},
		"no store": func() { idemseal.New(nil, key(1, 'a')) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		})
	}
}
