package transporttest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Target says what to test.
type Target struct {
	// New puts the step under test around base, which is an *http.Transport with something
	// in front that looks on. It is called at least once for each rule, from many
	// goroutines. Required.
	New func(base http.RoundTripper) http.RoundTripper
	// Retries holds the target to the rules for those that try calls again, too. It must
	// try a GET again that is answered by 503, at least twice, and after some milliseconds
	// where the server asks for no other wait.
	Retries bool
	// Except names rules that the target breaks on purpose, each with the reason. One that
	// it keeps after all is a failure, so that the list stays true.
	Except map[string]string
	// Patience is how long the suite waits for what must come before it complains. 0 means
	// 10 s, which is long enough for a busy machine.
	Patience time.Duration
}

// Finding is what was found out about one rule.
type Finding struct {
	// Rule is the name of the rule, as "Body/IsClosedAfterErrors", and Says what it asks for.
	Rule, Says string
	// Broken tells what the target did instead; it is empty when it keeps the rule.
	Broken []string
}

func (f Finding) String() string {
	if len(f.Broken) == 0 {
		return f.Rule + ": kept"
	}
	return fmt.Sprintf("%s: %s, but:\n\t%s", f.Rule, f.Says, strings.Join(f.Broken, "\n\t"))
}

// Run tests the target against all rules, each in a test of its own, several at a time.
// All servers are on this machine's loopback interface, and all time is real.
func Run(t *testing.T, target Target) {
	rules := target.rules()
	mustExist(rules, slices.Collect(maps.Keys(target.Except)))
	target.atOnce(rules, func(r rule) {
		t.Run(r.name, func(t *testing.T) { report(t, target.judge(t.Context(), r), target.Except[r.name]) })
	})
}

// Check judges the target by the named rules, or by all when none is named, and returns a
// finding for each in their order. It is Run for what is not a test, such as a command that
// compares libraries. Except changes nothing. It panics when there is no such rule.
func Check(ctx context.Context, target Target, names ...string) []Finding {
	rules := target.rules()
	if len(names) > 0 {
		mustExist(rules, names)
		rules = slices.DeleteFunc(rules, func(r rule) bool { return !slices.Contains(names, r.name) })
	}
	findings := make([]Finding, len(rules))
	target.atOnce(rules, func(r rule) {
		i := slices.IndexFunc(rules, func(other rule) bool { return other.name == r.name })
		findings[i] = target.judge(ctx, r)
	})
	return findings
}

// report fails a test by a finding.
func report(t *testing.T, f Finding, excuse string) {
	t.Helper()
	switch broken := len(f.Broken) > 0; {
	case broken && excuse == "":
		t.Error(f)
	case broken:
		t.Logf("broken on purpose: %s\n%v", excuse, f)
	case excuse != "":
		t.Errorf("%s is kept: take it out of Except", f.Rule)
	}
}

// rule is one thing that a caller of a RoundTripper can count on.
type rule struct {
	name  string
	says  string
	alone bool // it measures something that all goroutines of the process share
	http2 bool // it is a rule over HTTP/2 as well
	check func(*env)
}

// rules are those that the target is held to. Those that wait for time come first.
func (target Target) rules() []rule {
	general := slices.Concat(
		requestRules, bodyRules, streamRules, responseRules, errorRules, contextRules,
		clientRules, connectionRules, traceRules, concurrencyRules, goroutineRules,
	)
	if !target.Retries {
		return slices.Concat(general, overHTTP2(general))
	}
	return slices.Concat(waitRules, general, overHTTP2(general), retryRules, retryBodyRules)
}

// overHTTP2 are the same rules for requests that share one connection.
func overHTTP2(rules []rule) []rule {
	var over []rule
	for _, r := range rules {
		if r.http2 {
			check := r.check
			r.name = "HTTP2/" + r.name
			r.check = func(e *env) { e.http2 = true; check(e) }
			over = append(over, r)
		}
	}
	return over
}

// atOnce is how many rules run at once: enough to make a run short, and few enough to leave
// a busy machine its time.
const atOnce = 12

// atOnce calls f for each rule, several at a time.
func (target Target) atOnce(rules []rule, f func(rule)) {
	// Not t.Parallel, which runs as many at once as there are processors: rules mostly wait.
	var wg sync.WaitGroup
	running := make(chan struct{}, atOnce)
	for _, r := range rules {
		if r.alone {
			continue
		}
		running <- struct{}{}
		wg.Go(func() {
			defer func() { <-running }()
			f(r)
		})
	}
	wg.Wait()
	for _, r := range rules {
		if r.alone {
			f(r)
		}
	}
}

// mustExist panics when a name is of no rule: a list that names nothing proves nothing.
func mustExist(rules []rule, names []string) {
	for _, name := range names {
		if !slices.ContainsFunc(rules, func(r rule) bool { return r.name == name }) {
			panic(fmt.Sprintf("transporttest: there is no rule %q for this target", name))
		}
	}
}
