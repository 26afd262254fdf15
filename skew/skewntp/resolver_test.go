package skewntp_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewntp"
)

// A host's own resolver is asked, and what it says is passed on.
func TestResolverIsAsked(t *testing.T) {
	t.Parallel()
	var asked atomic.Bool // the resolver dials once for IPv4 and once for IPv6, at the same time
	r := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		asked.Store(true)
		return nil, errors.New("no way to the name server")
	}}
	_, err := skewntp.New("ntp.example.com", skewntp.WithResolver(r)).Measure(t.Context(), skew.NewLocal(nil))
	var dns *net.DNSError
	if !asked.Load() || !errors.As(err, &dns) || !strings.Contains(err.Error(), "no way to the name server") {
		t.Errorf("asked %v, error %v", asked.Load(), err)
	}
}
