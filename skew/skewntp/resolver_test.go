package skewntp_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewntp"
)

// A host's own resolver is asked, and what it says is passed on.
func TestResolverIsAsked(t *testing.T) {
	t.Parallel()
	asked := false
	r := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		asked = true
		return nil, errors.New("no way to the name server")
	}}
	_, err := skewntp.New("ntp.example.com", skewntp.WithResolver(r)).Measure(t.Context(), skew.NewLocal(nil))
	var dns *net.DNSError
	if !asked || !errors.As(err, &dns) || !strings.Contains(err.Error(), "no way to the name server") {
		t.Errorf("asked %v, error %v", asked, err)
	}
}
