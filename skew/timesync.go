package skew

import (
	"context"
	"time"
)

// TimeSync is the narrow view of a clock, for code that wants a corrected time and takes no
// decisions about it: its Sync never fails. Give the clock [WithLogger] to be warned.
type TimeSync struct{ Clock *Clock }

// Sync asks the clock's sources once. When that fails the clock goes on with what it knew,
// which is the operating system's time at first.
func (t TimeSync) Sync(ctx context.Context) { _, _ = t.Clock.Sync(ctx) }

// Offset is added to the operating system's time to get the adjusted one.
func (t TimeSync) Offset() time.Duration { return t.Clock.Offset() }

// LastSync is when a source was last heard; the zero time when none was.
func (t TimeSync) LastSync() time.Time { return t.Clock.LastSync() }

// AdjustedTime is the corrected time.
func (t TimeSync) AdjustedTime() time.Time { return t.Clock.Now() }
