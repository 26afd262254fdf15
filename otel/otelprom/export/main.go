// Command export writes the Grafana dashboard and the Prometheus rules of package otelprom to
// files, for those who keep them with their configuration:
//
//	go run github.com/goaroundhq/goaround/otel/otelprom/export -dir deploy
//
// It writes goaround-dashboard.json and goaround-rules.yaml into the directory, which must
// exist, over older ones.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/goaroundhq/goaround/otel/otelprom"
)

func main() {
	dir := flag.String("dir", ".", "write to the directory `PATH`, which is made if need be")
	flag.Parse()
	if err := export(*dir, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "export:", err)
		os.Exit(1)
	}
}

// export writes the files and says which.
func export(dir string, out io.Writer) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // not a secret
		return err
	}
	for _, file := range []struct {
		name string
		text []byte
	}{
		{"goaround-dashboard.json", otelprom.Dashboard()},
		{"goaround-rules.yaml", otelprom.Rules()},
	} {
		path := filepath.Join(dir, file.name)
		if err := os.WriteFile(path, file.text, 0o644); err != nil { //nolint:gosec // not a secret
			return err
		}
		fmt.Fprintln(out, path)
	}
	return nil
}
