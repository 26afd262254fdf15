//go:build !linux

package skew

import "time"

func kernelError() (time.Duration, error) { return 0, ErrNotSupported }
