package skew_test

import (
	"math/rand/v2"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/skew"
)

func TestHostPort(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"http://API.Example":          "api.example:80",
		"https://api.example.":        "api.example:443",
		"HTTPS://api.example":         "api.example:443",
		"https://api.example:80":      "api.example:80",
		"http://[2001:DB8::1]/":       "[2001:db8::1]:80",
		"http://user:secret@example/": "example:80",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := skew.HostPort(u); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

// One server has one vote, however its name is written.
func TestOneServerWrittenInManyWays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		servers := &farm{rnd: rand.New(rand.NewPCG(1, 1)), offset: map[string]time.Duration{}}
		d := skew.NewDateSource("dates")
		rt := d.Step(servers)
		for _, host := range []string{"a.example", "b.example", "liar.example", "LIAR.example", "liar.example:80", "liar.example.", "Liar.example.:80"} {
			if host != "a.example" && host != "b.example" {
				servers.offset[host] = time.Hour
			}
			get(t, rt, host)
			time.Sleep(time.Second)
		}
		if s := heard(t, d); s.Low > 0 || s.High < 0 {
			t.Errorf("0 is outside of [%v, %v]: one liar outvoted two", s.Low, s.High)
		}
	})
}
