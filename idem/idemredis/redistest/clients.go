package redistest

import (
	"io"
	"sync"
)

// clients are closed with the server that they are for.
type clients struct {
	mu   sync.Mutex
	open []io.Closer
}

func (c *clients) add(client io.Closer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = append(c.open, client)
}

func (c *clients) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, client := range c.open {
		_ = client.Close() // the test may have closed it
	}
	c.open = nil
}
