package skew

import "time"

// System is the machine's clocks. [WithSystem] replaces them in tests; package skewtest
// has one that can be stepped, suspended and made to drift.
type System interface {
	// Read returns the operating system's time, and a time that runs evenly from an origin
	// of its own and is never set. Both are of the same instant.
	Read() (wall time.Time, monotonic time.Duration)
	// Suspended is how long the monotonic time has stood still, in all, because the machine
	// slept. ok is false where that cannot be known.
	Suspended() (d time.Duration, ok bool)
}

// Local is the time of this machine, anchored at the moment when it was made and carried
// on by the monotonic clock, so that it never jumps. What sources measure is how far it is
// from the truth. Make one with [NewLocal]; it is immutable and safe for concurrent use.
type Local struct {
	system System    // nil is the real one
	anchor time.Time // as read, with its monotonic reading
	start  time.Time // anchor without it
	wall   int64     // start as Unix time in nanoseconds
	mono   time.Duration
}

// NewLocal anchors a local time now. A nil system is the machine's own.
func NewLocal(system System) *Local {
	l := &Local{system: system}
	if system == nil {
		l.anchor = time.Now()
	} else {
		l.anchor, l.mono = system.Read()
	}
	l.start = l.anchor.Round(0)
	l.wall = l.start.UnixNano()
	return l
}

// Now is the local time. It runs evenly, whatever is done to the operating system's clock.
func (l *Local) Now() time.Time {
	elapsed, _ := l.look()
	return l.at(elapsed)
}

// now is the operating system's time, with its monotonic reading if it is the real one.
func (l *Local) now() time.Time {
	if l.system == nil {
		return time.Now()
	}
	wall, _ := l.system.Read()
	return wall
}

// look returns how long ago the anchor was, and by how much the operating system's clock
// has been set forward since.
func (l *Local) look() (elapsed, jump time.Duration) {
	if l.system != nil {
		wall, mono := l.system.Read()
		elapsed = mono - l.mono
		return elapsed, time.Duration(wall.UnixNano()-l.wall) - elapsed
	}
	now := time.Now()
	elapsed = now.Sub(l.anchor)
	return elapsed, time.Duration(now.UnixNano()-l.wall) - elapsed
}

func (l *Local) at(elapsed time.Duration) time.Time { return l.start.Add(elapsed) }

// stand is how the machine's clocks stood at some time.
type stand struct {
	jump time.Duration // of the operating system's clock, since the anchor
	rest time.Duration // of the machine, in all
	// counted tells that rest is known. Where it is not, a machine may have slept when the
	// operating system's clock has jumped forward.
	counted bool
}

func (l *Local) stand() stand {
	_, jump := l.look()
	rest, counted := l.suspended()
	return stand{jump, rest, counted}
}

// slept reports whether the machine slept, or may have, since it stood like before.
func (s stand) slept(before stand) bool {
	if s.counted {
		return s.rest-before.rest >= disruption
	}
	return s.jump-before.jump > disruption
}

func (l *Local) suspended() (d time.Duration, ok bool) {
	if l.system != nil {
		return l.system.Suspended()
	}
	return suspended()
}
