package faults_test

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/goaroundhq/goaround/transport/faults"
	"github.com/goaroundhq/goaround/transport/transporttest"
)

// fates sends n requests, one after the other, and says which of them failed.
func fates(t *testing.T, step func(http.RoundTripper) http.RoundTripper, n int) (failed []bool) {
	t.Helper()
	rt := step(pass{})
	for range n {
		_, err := rt.RoundTrip(httptest.NewRequestWithContext(t.Context(), "GET", "http://api.example.com/", nil))
		failed = append(failed, err != nil)
	}
	return failed
}

// pass answers everything.
type pass struct{}

func (pass) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Body: http.NoBody, Request: req}, nil
}

func count(failed []bool) (n int) {
	for _, f := range failed {
		if f {
			n++
		}
	}
	return n
}

// A step that does nothing to a request does nothing to the contract.
func TestStepsAreLawful(t *testing.T) {
	t.Parallel()
	always := func(*http.Request) bool { return true }
	transporttest.Run(t, transporttest.Target{
		New: faults.Only(always, faults.Random(1, faults.Share(0.5, faults.None()))),
	})
}

func TestScriptIsPlayedOnce(t *testing.T) {
	t.Parallel()
	got := fates(t, faults.Script(faults.None(), faults.Reset(), faults.Reset()), 5)
	if want := []bool{false, true, true, false, false}; !slices.Equal(got, want) {
		t.Errorf("failed %v, want %v", got, want)
	}
}

func TestRandomFollowsItsSeed(t *testing.T) {
	t.Parallel()
	const n = 2000
	step := func(seed uint64) func(http.RoundTripper) http.RoundTripper {
		return faults.Random(seed, faults.Share(0.2, faults.Reset()), faults.Share(0.1, faults.Refuse()))
	}
	first, second, other := fates(t, step(1), n), fates(t, step(1), n), fates(t, step(2), n)
	if !slices.Equal(first, second) {
		t.Error("one seed gave two histories")
	}
	if slices.Equal(first, other) {
		t.Error("two seeds gave one history")
	}
	if got := count(first); got < n*25/100 || got > n*35/100 {
		t.Errorf("%d of %d failed, want about 30 %%", got, n)
	}
	if got := count(fates(t, faults.Random(1, faults.Share(1, faults.Reset())), n)); got != n {
		t.Errorf("a share of 1 failed %d of %d", got, n)
	}
	if got := count(fates(t, faults.Random(1, faults.Share(0, faults.Reset())), n)); got != 0 {
		t.Errorf("a share of 0 failed %d", got)
	}
}

// How many random numbers a fault uses does not change what happens to the requests after it.
func TestFaultsDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	greedy := func(req *http.Request, next http.RoundTripper, r *rand.Rand) (*http.Response, error) {
		for range 100 {
			r.Uint64()
		}
		return next.RoundTrip(req)
	}
	with := fates(t, faults.Random(7, faults.Share(0.3, greedy), faults.Share(0.3, faults.Reset())), 200)
	without := fates(t, faults.Random(7, faults.Share(0.3, faults.None()), faults.Share(0.3, faults.Reset())), 200)
	if !slices.Equal(with, without) {
		t.Error("the fates differ")
	}
}

func TestOnly(t *testing.T) {
	t.Parallel()
	step := faults.Only(func(r *http.Request) bool { return r.URL.Path == "/pay" }, faults.Script(faults.Reset()))
	rt := step(pass{})
	for _, tt := range []struct {
		path string
		ok   bool
	}{{"/", true}, {"/pay", false}, {"/pay", true}} {
		_, err := rt.RoundTrip(httptest.NewRequestWithContext(t.Context(), "GET", "http://api.example.com"+tt.path, nil))
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.path, err)
		}
	}
}

type idler struct {
	pass
	closed int
}

func (i *idler) CloseIdleConnections() { i.closed++ }

func TestCloseIdleConnectionsReachesTheBase(t *testing.T) {
	t.Parallel()
	base := &idler{}
	always := func(*http.Request) bool { return true }
	(&http.Client{Transport: faults.Only(always, faults.Script())(base)}).CloseIdleConnections()
	if base.closed != 1 {
		t.Errorf("closed %d times", base.closed)
	}
	(&http.Client{Transport: faults.Script()(pass{})}).CloseIdleConnections() // has no such method
}
