package skewntp

import (
	"bytes"
	"net"
)

// Where an NTP header has the time stamps that tell which query an answer is for.
const (
	originAt   = 24
	transmitAt = 40
	headerSize = 48
)

// patientConn reads on when a datagram answers another query: the library would give up,
// and whoever can send us datagrams could keep us from the time.
type patientConn struct {
	net.Conn
	cookie [headerSize - transmitAt]byte
}

func (c *patientConn) Write(query []byte) (int, error) {
	if len(query) >= headerSize {
		copy(c.cookie[:], query[transmitAt:headerSize])
	}
	return c.Conn.Write(query)
}

func (c *patientConn) Read(answer []byte) (int, error) {
	for {
		n, err := c.Conn.Read(answer)
		if err != nil || (n >= headerSize && bytes.Equal(answer[originAt:originAt+len(c.cookie)], c.cookie[:])) {
			return n, err
		}
	}
}
