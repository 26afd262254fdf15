// Package machine says on what kind of machine a measurement was made.
package machine

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Processor is the name of its kind, where the system tells it in a file, and otherwise "".
func Processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Kind is the processor, where it is known, the system, and what Go makes of both.
func Kind() string {
	kind := fmt.Sprintf("%s/%s, %d CPUs, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	if processor := Processor(); processor != "" {
		return processor + ", " + kind
	}
	return kind
}
