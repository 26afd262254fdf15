package otel_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/goaroundhq/goaround"

// arrows says which packages of ours each package may import. Nothing else is allowed, and
// every package must be here.
var arrows = map[string][]string{
	"skew":                     {},
	"skew/skewntp":             {"skew"},
	"skew/skewtest":            {"skew"},
	"slot":                     {"skew", "slot/book"},
	"slot/book":                {},
	"slot/slotredis":           {"slot", "slot/book"},
	"slot/slottest":            {"slot", "slot/book"},
	"idem":                     {"skew"},
	"idem/idemtest":            {"idem"},
	"idem/idemcache":           {"idem"},
	"idem/idemseal":            {"idem", "idem/idemsql"},
	"idem/idemredis":           {"idem"},
	"idem/idemredis/redistest": {},
	"idem/idemsql":             {"idem"},
	"transport":                {"slot", "idem", "skew"},
	"transport/faults":         {},
	"transport/retryable":      {"transport", "slot", "idem"},
	"transport/transporttest":  {},
	"server":                   {"slot", "idem", "skew"},
	"server/servertest":        {"server", "idem", "skew"},
	"otel":                     {"transport", "server", "slot", "slot/book", "idem", "skew"},
	"otel/eventlog":            {"transport", "server", "slot", "slot/book", "idem"},
	"otel/otelprom":            {},
	"otel/otelprom/export":     {"otel/otelprom"},
	"otel/otelprom/promtest":   {},
}

// small are the libraries that the core may use: each does one thing and needs nothing but
// the standard library.
var small = []string{
	"github.com/google/uuid",
	"github.com/gowebpki/jcs",
	"github.com/dunglas/httpsfv",
}

// redis is what the go-redis client compiles.
var redis = []string{
	"github.com/redis/go-redis/v9",
	"github.com/cespare/xxhash/v2",
	"go.uber.org/atomic",
	"golang.org/x/sys",
}

// telemetry is what the API of OpenTelemetry compiles.
var telemetry = []string{
	"go.opentelemetry.io/otel",
	"go.opentelemetry.io/otel/metric",
	"go.opentelemetry.io/otel/trace",
	"go.opentelemetry.io/auto/sdk",
	"github.com/cespare/xxhash/v2",
	"github.com/go-logr/logr",
	"github.com/go-logr/stdr",
}

// prometheus is what its reader adds: the SDK, and the client of Prometheus.
var prometheus = slices.Concat(telemetry, []string{
	"go.opentelemetry.io/otel/sdk",
	"go.opentelemetry.io/otel/sdk/metric",
	"go.opentelemetry.io/otel/exporters/prometheus",
	"github.com/prometheus/client_golang",
	"github.com/prometheus/client_model",
	"github.com/prometheus/common",
	"github.com/prometheus/otlptranslator",
	"github.com/prometheus/procfs",
	"github.com/beorn7/perks",
	"github.com/munnerz/goautoneg",
	"golang.org/x/sys",
	"google.golang.org/protobuf",
})

// backends may use libraries of their own, which only those who import them compile.
var backends = map[string][]string{
	"idem/idemcache":           {"github.com/maypok86/otter/v2"},
	"idem/idemredis":           redis,
	"idem/idemredis/redistest": redis,
	"slot/slotredis":           redis,
	"transport/retryable":      {"github.com/hashicorp/go-retryablehttp", "github.com/hashicorp/go-cleanhttp"},
	"otel":                     telemetry,
	"otel/otelprom":            prometheus,
	"otel/otelprom/export":     prometheus,
	"skew/skewntp":             {"github.com/beevik/ntp", "golang.org/x/net", "golang.org/x/sys"},
}

// libraries are those that a package may use. The clock uses none.
func libraries(name string) []string {
	if name == "skew" {
		return nil
	}
	return slices.Concat(small, backends[name])
}

// listed is what go list says of a package.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
	Module     *struct{ Path string }
}

// list describes the packages and all that they are compiled from, tests left out.
func list(t *testing.T) map[string]listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Standard,Imports,Deps,Module", module+"/...")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	all := map[string]listed{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
}

// ours is the name of a package of this module, as arrows has it.
func ours(p listed) (name string, ok bool) {
	if p.Module == nil || p.Module.Path != module {
		return "", false
	}
	return strings.TrimPrefix(p.ImportPath, module+"/"), true
}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	all := list(t)
	seen := 0
	for _, p := range all {
		name, ok := ours(p)
		if !ok {
			continue
		}
		seen++
		allowed, ok := arrows[name]
		if !ok {
			t.Errorf("package %s has no arrows: say here what it may import", name)
			continue
		}
		for _, imported := range p.Imports {
			target, ok := ours(all[imported])
			if ok && !slices.Contains(allowed, target) {
				t.Errorf("%s imports %s", name, target)
			}
		}
	}
	if seen != len(arrows) {
		t.Errorf("saw %d packages, arrows has %d", seen, len(arrows))
	}
}

func TestPackagesAreLightToImport(t *testing.T) {
	t.Parallel()
	all := list(t)
	for name := range arrows {
		for _, path := range all[module+"/"+name].Deps {
			dep := all[path]
			if _, own := ours(dep); own || dep.Standard {
				continue
			}
			if dep.Module == nil || !slices.Contains(libraries(name), dep.Module.Path) {
				t.Errorf("%s compiles %s", name, path)
			}
		}
	}
}

// A client has no use for a database.
func TestTransportCompilesNoDatabase(t *testing.T) {
	t.Parallel()
	for _, p := range list(t) {
		name, ok := ours(p)
		if ok && name == "transport" && slices.Contains(p.Deps, "database/sql") {
			t.Errorf("%s compiles database/sql", name)
		}
	}
}

func TestTestCodeStaysInTests(t *testing.T) {
	t.Parallel()
	for _, p := range list(t) {
		name, ok := ours(p)
		if ok && !strings.HasSuffix(name, "test") && slices.Contains(p.Deps, "testing") {
			t.Errorf("%s compiles package testing", name)
		}
	}
}
