package skewntp_test

import (
	"net"
	"sync"
	"testing"
	"time"
)

// relay passes datagrams on to the server of the moment, and answers back late: a way that
// is longer in one direction. It returns its host and port.
func relay(t *testing.T, server func() string, back time.Duration) string {
	t.Helper()
	front, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() {
		_ = front.Close()
		running.Wait()
	})
	running.Go(func() {
		query := make([]byte, 1024)
		for {
			n, client, err := front.ReadFromUDPAddrPort(query)
			if err != nil {
				return // closed
			}
			answer, err := exchange(server(), query[:n])
			if err != nil {
				t.Errorf("relay: %v", err)
				return
			}
			running.Go(func() {
				time.Sleep(back)
				_, _ = front.WriteToUDPAddrPort(answer, client) // who may have left
			})
		}
	})
	return front.LocalAddr().String()
}

func exchange(server string, query []byte) ([]byte, error) {
	conn, err := net.Dial("udp", server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return nil, err
	}
	if _, err := conn.Write(query); err != nil {
		return nil, err
	}
	answer := make([]byte, 1024)
	n, err := conn.Read(answer)
	return answer[:n], err
}
