//go:build !linux

package skew

import "time"

// suspended is not to be had everywhere.
func suspended() (d time.Duration, ok bool) { return 0, false }
