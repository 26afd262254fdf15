package skew_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewtest"
)

// A real server's Date bounds a real clock.
func TestHTTPDate(t *testing.T) {
	t.Parallel()
	methods := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { methods <- r.Method }))
	defer server.Close()
	c := skew.New(skew.WithSystem(wrongBy(-10*time.Minute)), skew.WithSources(skew.HTTPDate(server.Client(), server.URL)))
	if _, err := c.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m := <-methods; m != http.MethodHead {
		t.Errorf("asked with %s", m)
	}
	expectTruth(t, c)
	if off := c.Offset(); off < 10*time.Minute-3*time.Second || off > 10*time.Minute+3*time.Second {
		t.Errorf("Offset = %v, want about 10m", off)
	}
	server.Close()
	for _, url := range []string{server.URL, "://"} {
		if _, err := skew.HTTPDate(nil, url).Measure(t.Context(), skew.NewLocal(nil)); err == nil {
			t.Errorf("%s answered", url)
		}
	}
}

// Names go to logs: they have no password, and neither has the error of a URL that has none
// to be found.
func TestHTTPDateKeepsThePassword(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "secret" {
			t.Errorf("password %q", password)
		}
	}))
	defer server.Close()
	source := skew.HTTPDate(server.Client(), strings.Replace(server.URL, "http://", "http://user:secret@", 1))
	if _, err := source.Measure(t.Context(), skew.NewLocal(nil)); err != nil {
		t.Error(err)
	}
	if !strings.Contains(source.Name(), "user:xxxxx@") || strings.Contains(source.Name(), "secret") {
		t.Errorf("Name = %q", source.Name())
	}
	malformed := skew.HTTPDate(nil, "http://user:secret/more@host/")
	_, err := malformed.Measure(t.Context(), skew.NewLocal(nil))
	if err == nil || strings.Contains(err.Error()+malformed.Name(), "secret") {
		t.Errorf("%q: %v", malformed.Name(), err)
	}
}

// A sleep between two rounds does not cost the second one its answer.
func TestHTTPDateAfterASleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		machine := &skewtest.Machine{}
		client := &http.Client{Transport: writing(time.Now)}
		source := skew.HTTPDateOn(client, "http://a.example/", machine)
		c := skew.New(skew.WithSystem(machine), skew.WithSources(source))
		for range 2 {
			if _, err := c.Sync(t.Context()); err != nil {
				t.Error(err)
			}
			expectTruth(t, c)
			machine.Sleep(func() { time.Sleep(time.Hour) })
		}
	})
}
