package slot

import "time"

// A store that failed is left alone for a while, and then tried by one question. The first
// pause is short, because most failures are (a failover, a lost packet); the last one bounds
// how long the store may be back without being used.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 5 * time.Second
)

// circuit remembers that something failed. It is used under a lock.
type circuit struct {
	pause time.Duration // 0: closed, all is well
	trial time.Time     // when the next try may be made
	err   error         // of the last try
}

// open reports whether nobody may rely on an answer now.
func (c *circuit) open() bool { return c.pause > 0 }

// allows reports whether the store may be asked.
func (c *circuit) allows(now time.Time) bool { return !c.open() || !now.Before(c.trial) }

// failed opens the circuit, or keeps it open for longer.
func (c *circuit) failed(now time.Time, err error) {
	c.pause = min(max(2*c.pause, firstPause), lastPause)
	c.trial, c.err = now.Add(c.pause), err
}

// worked closes the circuit and reports whether it was open.
func (c *circuit) worked() bool {
	was := c.open()
	*c = circuit{}
	return was
}
