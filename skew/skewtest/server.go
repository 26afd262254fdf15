package skewtest

import (
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Leap is the leap indicator of an NTP answer (RFC 5905, 7.3).
type Leap byte

// What an NTP server says of leap seconds.
const (
	LeapNone Leap = iota
	LeapInsert
	LeapDelete
	LeapUnsynchronized
)

// Answer is what an NTP server answers to one query (RFC 5905, 7.3). The zero value is that
// of a good server of stratum 1.
type Answer struct {
	Offset         time.Duration // of the server's clock from the true time, which is time.Now
	Processing     time.Duration // that the server claims between query and answer
	Stratum        byte          // 0 means 1, unless there is a Kiss
	Leap           Leap
	Kiss           string // four letters such as RATE, with stratum 0
	Poll           int8   // exponent of 2, in seconds
	Precision      int8   // exponent of 2, in seconds; 0 means -20, a microsecond
	RootDelay      time.Duration
	RootDispersion time.Duration
	Age            time.Duration // of the server's own last synchronization
	Delay          time.Duration // before the answer is sent
	Silent         bool          // no answer at all
	// Mangle changes the packet before it is sent; it may return several, and none.
	Mangle func(packet []byte) [][]byte
}

// Server is an NTP server on a loopback address that answers by script.
type Server struct {
	addr    string
	queries atomic.Int64
}

// NewServer starts a server that answers the n-th query, the first is 1, as script says;
// nil is a good server. It ends with the test.
func NewServer(tb testing.TB, script func(n int) Answer) *Server {
	tb.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		tb.Fatal(err)
	}
	if script == nil {
		script = func(int) Answer { return Answer{} }
	}
	s := &Server{addr: conn.LocalAddr().String()}
	var serving sync.WaitGroup
	serving.Go(func() { s.serve(tb, conn, script) })
	tb.Cleanup(func() {
		_ = conn.Close() // which ends serve
		serving.Wait()
	})
	return s
}

// Addr is the server's host and port.
func (s *Server) Addr() string { return s.addr }

// Queries is how often it was asked.
func (s *Server) Queries() int { return int(s.queries.Load()) }

func (s *Server) serve(tb testing.TB, conn *net.UDPConn, script func(int) Answer) {
	query := make([]byte, 1024)
	var late sync.WaitGroup
	defer late.Wait()
	for {
		n, peer, err := conn.ReadFromUDPAddrPort(query)
		received := time.Now()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			tb.Errorf("skewtest: %v", err)
			return
		}
		a := script(int(s.queries.Add(1)))
		if n < headerSize || a.Silent {
			continue
		}
		packet := a.packet(query[:headerSize], received)
		late.Go(func() {
			time.Sleep(a.Delay)
			for _, p := range a.send(packet) {
				if _, err := conn.WriteToUDPAddrPort(p, peer); err != nil && !errors.Is(err, net.ErrClosed) {
					tb.Errorf("skewtest: %v", err)
				}
			}
		})
	}
}

func (a Answer) send(packet []byte) [][]byte {
	if a.Mangle == nil {
		return [][]byte{packet}
	}
	return a.Mangle(packet)
}

// The NTP header.
const (
	headerSize   = 48
	version      = 4 << 3
	serverMode   = 4
	xmitAt       = 40 // of the query; its bytes come back as the origin
	oneSecond    = 1 << 16
	unixFrom1900 = 2208988800 // seconds
)

// packet is the answer to a query.
func (a Answer) packet(query []byte, received time.Time) []byte {
	p := make([]byte, headerSize)
	p[0] = byte(a.Leap)<<6 | version | serverMode
	p[1], p[2], p[3] = a.Stratum, byte(a.Poll), byte(a.Precision)
	if a.Stratum == 0 && a.Kiss == "" {
		p[1] = 1
	}
	if a.Precision == 0 {
		p[3] = 0xec // -20
	}
	binary.BigEndian.PutUint32(p[4:], short(a.RootDelay))
	binary.BigEndian.PutUint32(p[8:], short(a.RootDispersion))
	copy(p[12:16], "TEST")
	if a.Kiss != "" {
		p[1] = 0
		copy(p[12:16], a.Kiss)
	}
	server := received.Add(a.Offset)
	binary.BigEndian.PutUint64(p[16:], stamp(server.Add(-a.Age)))
	copy(p[24:32], query[xmitAt:])
	binary.BigEndian.PutUint64(p[32:], stamp(server))
	binary.BigEndian.PutUint64(p[40:], stamp(server.Add(a.Processing)))
	return p
}

// stamp is a time as seconds since 1900, as a fixed-point number of 32 and 32 bits.
func stamp(t time.Time) uint64 {
	return uint64(t.Unix()+unixFrom1900)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}

// short is a duration in seconds, as a fixed-point number of 16 and 16 bits.
func short(d time.Duration) uint32 { return uint32(d * oneSecond / time.Second) }
