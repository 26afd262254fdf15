package machine_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/benchmarks/machine"
)

func TestKind(t *testing.T) {
	t.Parallel()
	kind, processor := machine.Kind(), machine.Processor()
	if !strings.HasPrefix(kind, processor) || !strings.HasSuffix(kind, runtime.Version()) || strings.HasPrefix(kind, ",") {
		t.Errorf("%q with the processor %q", kind, processor)
	}
	if strings.ContainsAny(processor, "\n:") {
		t.Errorf("processor %q", processor)
	}
}
