package skewtest_test

import (
	"encoding/binary"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/goaroundhq/goaround/skew/skewtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMachine(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	for _, tt := range []struct {
		name             string
		live             func(*skewtest.Machine)
		wall, mono, rest time.Duration
	}{
		{"nothing happens", func(*skewtest.Machine) { time.Sleep(hour) }, hour, hour, 0},
		{"stepped", func(m *skewtest.Machine) { m.Step(-2 * hour); time.Sleep(hour) }, -hour, hour, 0},
		{"gains", func(m *skewtest.Machine) { m.Drift(1000); time.Sleep(hour) }, hour + 3600*time.Millisecond, hour + 3600*time.Millisecond, 0},
		{"loses, and is mended", func(m *skewtest.Machine) { m.Drift(-1000); time.Sleep(hour); m.Drift(0); time.Sleep(hour) }, 2*hour - 3600*time.Millisecond, 2*hour - 3600*time.Millisecond, 0},
		{"sleeps", func(m *skewtest.Machine) { m.Sleep(func() { time.Sleep(hour) }); time.Sleep(hour) }, 2 * hour, hour, hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := &skewtest.Machine{}
				wall, mono := m.Read()
				tt.live(m)
				w, now := m.Read()
				if w.Sub(wall) != tt.wall || now-mono != tt.mono {
					t.Errorf("wall %v, monotonic %v, want %v and %v", w.Sub(wall), now-mono, tt.wall, tt.mono)
				}
				if rest, ok := m.Suspended(); rest != tt.rest || !ok {
					t.Errorf("Suspended = %v, %v, want %v", rest, ok, tt.rest)
				}
			})
		})
	}
}

// The packet of an answer, byte by byte where it matters (RFC 5905, 7.3).
func TestServer(t *testing.T) {
	t.Parallel()
	server := skewtest.NewServer(t, func(n int) skewtest.Answer {
		if n == 1 {
			return skewtest.Answer{Silent: true}
		}
		return skewtest.Answer{
			Offset: time.Hour, Leap: skewtest.LeapDelete, Stratum: 3, Poll: 6, Precision: -10,
			RootDelay: 1500 * time.Millisecond, RootDispersion: 250 * time.Millisecond, Age: time.Minute,
		}
	})
	conn, err := net.Dial("udp", server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	query := make([]byte, 48)
	copy(query[40:], "a cookie")
	before := time.Now()
	for _, q := range [][]byte{query, []byte("short"), query} { // silence, too short to answer, an answer
		if _, err := conn.Write(q); err != nil {
			t.Fatal(err)
		}
	}
	p := make([]byte, 100)
	n, err := conn.Read(p)
	if err != nil || n != 48 {
		t.Fatal(n, err)
	}
	if string(p[:4]) != "\xa4\x03\x06\xf6" || binary.BigEndian.Uint32(p[4:]) != 0x18000 || binary.BigEndian.Uint32(p[8:]) != 0x4000 || string(p[24:32]) != "a cookie" {
		t.Errorf("packet %x", p[:n])
	}
	at := func(i int) time.Time {
		return time.Unix(int64(binary.BigEndian.Uint32(p[i:]))-2208988800, int64(binary.BigEndian.Uint32(p[i+4:]))*int64(time.Second)>>32)
	}
	if off := at(32).Sub(before); off < time.Hour-time.Microsecond || off > time.Hour+10*time.Second || !at(40).Equal(at(32)) || at(32).Sub(at(16)).Round(time.Millisecond) != time.Minute {
		t.Errorf("received %v, sent %v, synced %v", at(32), at(40), at(16))
	}
	if server.Queries() != 3 {
		t.Errorf("%d queries", server.Queries())
	}
}
