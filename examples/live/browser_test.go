package main

import (
	"context"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// guard is when a test gives up waiting for what should come soon. It is not a measure of
// anything: machines are busy.
const guard = time.Minute

// tab is a tab of a headless Chromium.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	complaints []string // of the console
}

// newTab starts a browser, which ends with the test.
func newTab(t *testing.T) *tab {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v; it is installed by: apt-get install -y chromium", err)
	}
	browser, endBrowser := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(program),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), // which is small in containers
		chromedp.WSURLReadTimeout(guard),
	)
	ctx, endTab := chromedp.NewContext(browser)
	b := &tab{t: t, ctx: ctx}
	console := chromedp.Console(ctx)
	var heard sync.WaitGroup
	heard.Go(func() {
		for message, err := range console {
			if err != nil {
				return // the browser has ended
			}
			b.hear(message)
		}
	})
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("closing the browser: %v", err)
		}
		endTab()
		endBrowser()
		heard.Wait()
	})
	return b
}

// hear keeps what the console complains about.
func (b *tab) hear(m chromedp.ConsoleMessage) {
	if !m.IsException() && m.Type != "error" && m.Type != "warning" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, m.String())
}

// heard is what the console complained about, and forgets it.
func (b *tab) heard() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	complaints := b.complaints
	b.complaints = nil
	return complaints
}

// do acts in the tab, now.
func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// ask is the value of an expression in the page.
func ask[T any](b *tab, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// until waits for an expression to become true. It asks from outside, because the page's
// policy does not let anybody make functions in it.
func (b *tab) until(what, expression string) {
	b.t.Helper()
	for end := time.Now().Add(guard); !ask[bool](b, expression); {
		if time.Now().After(end) {
			b.t.Fatalf("%s: not within %v; the page has:\n%s", what, guard, ask[string](b, "document.body.innerText"))
		}
		time.Sleep(50 * time.Millisecond)
	}
}
