package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// These share a browser, because it takes long to start one, and a stage without Redis.
func TestPage(t *testing.T) {
	b := newTab(t)
	without(t)
	s, page := open(t, "")
	for _, test := range []struct {
		name string
		run  func(t *testing.T, b *tab, s *stage)
	}{
		{"the button for no Redis is off", withoutRedis},
		{"fits its readers", fits},
		{"pauses", pauses},
		{"keys can be switched off", keysOff},
		{"themes", themes},
		{"shows what a sample has", showsSamples},
		{"is not connected out of sight", outOfSight},
		{"comes back", comesBack},
	} {
		t.Run(test.name, func(t *testing.T) {
			b.t = t
			s.reset()
			b.visit(page)
			b.until("all is whole", state("capacity", "100 ")+" && "+offers(`[data-post="capacity"]`, "Halve the capacity"))
			test.run(t, b, s)
			if complaints := b.heard(); len(complaints) > 0 && test.name != "comes back" {
				t.Errorf("the console has %q", complaints)
			}
		})
	}
}

// A button that cannot do what it says says why.
func withoutRedis(t *testing.T, b *tab, _ *stage) {
	b.until("off", `document.querySelector('[data-post="redis"]').disabled`)
	if why := ask[string](b, `document.getElementById(document.querySelector('[data-post="redis"]').getAttribute("aria-describedby")).textContent`); !strings.Contains(why, "not installed") {
		t.Errorf("its reason is %q", why)
	}
	b.key("r")
	b.key("h")
	b.until("the other keys work", state("capacity", "50 "))
	if log := b.said(); strings.Contains(log, "Redis") {
		t.Errorf("the log has %q", log)
	}
}

func fits(t *testing.T, b *tab, _ *stage) {
	if nameless := ask[[]string](b, `[...document.querySelectorAll("button, a, [role]")].filter(e => !e.ariaLabel && !e.innerText.trim() && !e.getAttribute("aria-labelledby")).map(e => e.outerHTML)`); len(nameless) > 0 {
		t.Errorf("these have no name: %q", nameless)
	}

	var order []string
	for range 8 {
		b.key(kb.Tab)
		order = append(order, ask[string](b, `(e => (e.labels?.[0] ?? e).innerText.trim().replace("\n", " ") + (e.matches(":focus-visible") && getComputedStyle(e).outlineStyle === "solid" ? "" : " without a ring"))(document.activeElement)`))
	}
	// The Redis button is off.
	want := []string{"Dark theme", "O Start an outage", "H Halve the capacity", fmt.Sprintf("A Add %d callers", quick.herd), "E Send everybody home", "P Pause the display", "Keys press buttons", ""}
	if !slices.Equal(order, want) {
		t.Errorf("the order of the focus is %q, want %q", order, want)
	}

	for _, width := range []int64{320, 375, 768, 1200} {
		b.do(chromedp.EmulateViewport(width, 800))
		b.until(fmt.Sprintf("nothing is wider than %d pixels", width), `document.documentElement.scrollWidth <= innerWidth && [...document.querySelectorAll("canvas")].every(c => c.getBoundingClientRect().right <= innerWidth)`)
	}
}

// offers is an expression for whether a button has a label.
func offers(button, text string) string {
	return fmt.Sprintf(`document.querySelector('%s span').textContent === %q`, button, text)
}

func pauses(t *testing.T, b *tab, _ *stage) {
	b.key("p")
	b.until("paused", offers("#pause", "Go on"))
	b.key("h")
	b.until("the buttons work", offers(`[data-post="capacity"]`, "Restore the capacity"))
	if !ask[bool](b, state("capacity", "100 ")) {
		t.Error("the display goes on")
	}
	b.key("p")
	b.until("it goes on", offers("#pause", "Pause the display")+" && "+state("capacity", "50 "))

	b.emulate("prefers-reduced-motion", "reduce")
	b.key("h")
	b.until("it goes on more calmly", state("capacity", "100 "))
	b.emulate("prefers-reduced-motion", "")
}

// keysOff: who dictates, or hits keys by accident, presses no buttons by it.
func keysOff(t *testing.T, b *tab, _ *stage) {
	const hints = `[...document.querySelectorAll("kbd")].filter(e => e.checkVisibility()).length + document.querySelectorAll("[aria-keyshortcuts]").length`
	if n := ask[int](b, hints); n != 12 {
		t.Errorf("%d hints at keys, want 12", n)
	}
	b.do(chromedp.Click(chromedp.CSS("#keys")))
	b.key("oh")
	b.press("capacity") // it works; that it was pressed once shows that the keys were heard before
	b.until("halved by the mouse", state("capacity", "50 "))
	if log, n := b.said(), ask[int](b, hints); strings.Contains(log, "\n") || n != 0 {
		t.Errorf("the log has %q, and there are %d hints at keys", log, n)
	}
	b.do(chromedp.Click(chromedp.CSS("#keys")))
	b.key("h")
	b.until("restored by the key", state("capacity", "100 "))
}

// bright is an expression for how light the page's background is, from 0 to 255.
const bright = `Number(getComputedStyle(document.body).backgroundColor.match(/\d+/)[0])`

func themes(_ *testing.T, b *tab, _ *stage) {
	for _, theme := range []string{"dark", "light"} {
		b.emulate("prefers-color-scheme", theme)
		b.until(theme, fmt.Sprintf(`%s < 128 === (%q === "dark")`, bright, theme))
	}
	b.do(chromedp.Click(chromedp.CSS("#theme")))
	b.until("dark by the button", bright+" < 128")
	b.until("the button offers the other", `document.getElementById("theme").textContent === "Light theme"`)
	b.do(chromedp.Click(chromedp.CSS("#theme")))
	b.until("light by the button", bright+" > 128")
}
