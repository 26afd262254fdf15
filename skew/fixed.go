package skew

import (
	"context"
	"fmt"
	"time"
)

// Fixed is a source that does not measure: true time is the operating system's time +
// offset, give or take the uncertainty. It is for what is known from elsewhere, such as a
// daemon that disciplines the operating system's clock and states its error. Its name is
// "fixed", so a clock can have one. It panics when the uncertainty is negative.
func Fixed(offset, uncertainty time.Duration) Source {
	if uncertainty < 0 {
		panic(fmt.Sprintf("skew: Fixed(%v, %v): uncertainty must not be negative", offset, uncertainty))
	}
	return fixed{offset, uncertainty}
}

type fixed struct{ offset, uncertainty time.Duration }

func (fixed) Name() string { return "fixed" }

func (fixed) MinInterval() time.Duration { return 0 }

func (f fixed) Measure(_ context.Context, local *Local) (Sample, error) {
	_, jump := local.look()
	offset := jump + f.offset
	return Sample{Low: offset - f.uncertainty, High: offset + f.uncertainty}, nil
}

// Kernel is the operating system's own account of its clock: right, give or take the
// maximum error that the daemon which disciplines it states to the kernel (maxerror of
// adjtimex(2), which the kernel grows by 500 ppm). It answers [ErrUnsynchronized] when
// nobody disciplines the clock, and [ErrNotSupported] on other systems than Linux. It costs
// no network.
func Kernel() Source { return kernel{} }

type kernel struct{}

func (kernel) Name() string { return "kernel" }

func (kernel) MinInterval() time.Duration { return 0 }

func (kernel) Measure(_ context.Context, local *Local) (Sample, error) {
	maxError, err := kernelError()
	if err != nil {
		return Sample{}, err
	}
	_, jump := local.look()
	return Sample{Low: jump - maxError, High: jump + maxError}, nil
}
