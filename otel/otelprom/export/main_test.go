package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/goaroundhq/goaround/otel/otelprom"
)

func TestExport(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "by", "it")
	var out bytes.Buffer
	for range 2 { // the second time over the files of the first
		if err := export(dir, &out); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string][]byte{
		"goaround-dashboard.json": otelprom.Dashboard(), "goaround-rules.yaml": otelprom.Rules(),
	} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(got, want) || len(got) == 0 {
			t.Errorf("%s: %d bytes, %v, want %d", name, len(got), err, len(want))
		}
		if !bytes.Contains(out.Bytes(), []byte(name)) {
			t.Errorf("%s is not named in %q", name, out.String())
		}
	}
	if err := export(filepath.Join(dir, "goaround-rules.yaml"), &out); err == nil {
		t.Error("a file where a directory is meant")
	}
}
