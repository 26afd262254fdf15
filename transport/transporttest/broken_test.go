package transporttest_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/transport/transporttest"
)

// The naive one keeps every rule, so that what the suite says of the broken ones is due to
// what is broken in them.
func TestNaive(t *testing.T) {
	transporttest.Run(t, naively(func(*naive) {}))
}

// A suite that nothing fails proves nothing: it must name what is broken, over HTTP/2 too.
func TestSuiteNamesWhatIsBroken(t *testing.T) {
	t.Parallel()
	// Not t.Parallel for each, which runs as many at once as there are processors: a suite
	// that finds something mostly waits.
	var all sync.WaitGroup
	running := make(chan struct{}, 8)
	start := func(name string, rules []string, target func(*testing.T) transporttest.Target) {
		running <- struct{}{}
		all.Go(func() {
			defer func() { <-running }()
			t.Run(name, func(t *testing.T) { expectBroken(t, target(t), rules) })
		})
	}
	for _, b := range brokenSteps {
		start(b.name, b.rules, func(t *testing.T) transporttest.Target { return transporttest.Target{New: b.step(t)} })
	}
	for _, b := range brokenRetries {
		start(b.name, b.rules, func(*testing.T) transporttest.Target { return naively(b.breakIt) })
	}
	all.Wait()
}

func TestEveryRuleCanBeBroken(t *testing.T) {
	t.Parallel()
	proven := map[string]bool{}
	for _, b := range brokenSteps {
		for _, rule := range b.rules {
			proven[rule] = true
		}
	}
	for _, b := range brokenRetries {
		for _, rule := range b.rules {
			proven[rule] = true
		}
	}
	for _, rule := range transporttest.RuleNames(transporttest.Target{Retries: true}) {
		if !proven[strings.TrimPrefix(rule, "HTTP2/")] {
			t.Errorf("nothing shows that %s can fail", rule)
		}
	}
}

// expectBroken judges by the rules, and by the same ones over HTTP/2.
func expectBroken(t *testing.T, target transporttest.Target, rules []string) {
	t.Helper()
	all := transporttest.RuleNames(target)
	names := slices.Clone(rules)
	for _, rule := range rules {
		if over := "HTTP2/" + rule; slices.Contains(all, over) {
			names = append(names, over)
		}
	}
	target.Patience = 500 * time.Millisecond // in vain, here
	// A machine that stands still for a moment makes anybody wait long enough.
	for try := 1; try <= 3 && len(names) > 0; try++ {
		names = keptRules(t, transporttest.Check(t.Context(), target, names...))
	}
	for _, rule := range names {
		t.Errorf("%s is said to be kept", rule)
	}
}

// keptRules are those with which nothing was found to be wrong.
func keptRules(t *testing.T, findings []transporttest.Finding) (kept []string) {
	t.Helper()
	for _, f := range findings {
		if len(f.Broken) == 0 {
			kept = append(kept, f.Rule)
		}
		for _, complaint := range f.Broken {
			if strings.HasPrefix(complaint, "panic") || strings.HasPrefix(complaint, "the suite itself") {
				t.Errorf("%s: %s", f.Rule, complaint)
			}
		}
	}
	return kept
}

func TestExceptIsExcused(t *testing.T) {
	transporttest.Run(t, transporttest.Target{
		// It has no CloseIdleConnections.
		New:    func(base http.RoundTripper) http.RoundTripper { return roundTripperFunc(base.RoundTrip) },
		Except: map[string]string{"Client/CloseIdleConnectionsIsPassedOn": "the test of Except"},
	})
}

func TestUnknownRulePanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a rule that does not exist was judged by")
		}
	}()
	transporttest.Check(t.Context(), naively(func(*naive) {}), "Body/NoSuchRule")
}

// A target that panics or hangs costs its rule, and not the process.
func TestPanicIsAComplaint(t *testing.T) {
	t.Parallel()
	findings := transporttest.Check(t.Context(), transporttest.Target{Patience: time.Second, New: func(http.RoundTripper) http.RoundTripper {
		return roundTripperFunc(func(*http.Request) (*http.Response, error) { panic("boom") })
	}}, "Response/IsPassedOn", "Concurrency/ManyCallsAtOnce", "Context/EndsTheWaitForAResponse")
	for _, f := range findings {
		if !strings.Contains(f.String(), "panic: boom") {
			t.Errorf("%v", f)
		}
	}
}

type roundTripperFunc func(*http.Request) (*http.Response, error)

func (f roundTripperFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
