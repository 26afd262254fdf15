package main

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const connected = `document.querySelector('[data-state="page"]').textContent === "connected"`

// visit opens the page.
func (b *tab) visit(page string) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(1200, 900), chromedp.Navigate(page))
	b.until("connected", connected)
}

// emulate sets a feature of the reader's, as in a media query.
func (b *tab) emulate(feature, value string) {
	b.t.Helper()
	params := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: feature, Value: value}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, params); err != nil {
		b.t.Fatal(err)
	}
}

// shown is an expression for a number of a fleet that the page shows.
func shown(fleet, figure string) string {
	return fmt.Sprintf(`Number(document.querySelector('[data-fleet="%s"] [data-figure="%s"]').firstChild.textContent.replace(",", ""))`, fleet, figure)
}

// both is an expression about a figure of both fleets.
func both(figure, is string) string {
	return shown("jitter", figure) + is + " && " + shown("slots", figure) + is
}

func state(name, begins string) string {
	return fmt.Sprintf(`document.querySelector('[data-state="%s"]').textContent.startsWith("%s")`, name, begins)
}

// press clicks a button with the mouse.
func (b *tab) press(name string) {
	b.t.Helper()
	b.do(chromedp.Click(chromedp.CSS(fmt.Sprintf(`[data-post="%s"]`, name))))
}

// key presses a key of the keyboard.
func (b *tab) key(keys string) {
	b.t.Helper()
	b.do(chromedp.KeyEvent(keys))
}

func TestButtonsDoWhatTheySay(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatalf("%v; it is installed by: apt-get install -y redis-server", err)
	}
	_, page := open(t, "")
	b := newTab(t)
	b.visit(page)
	b.until("served", both("served", " > 0"))

	b.key("h")
	b.until("halved", state("capacity", "50 "))
	b.press("capacity")
	b.until("restored", state("capacity", "100 "))

	b.key("o")
	b.until("away", state("services", "away"))
	b.until("nobody is served", both("served", " === 0"))
	b.until("back", state("services", "open"))
	b.until("served again", both("served", " > 0"))

	b.press("redis")
	b.until("stopped", state("redis", "stopped"))
	b.press("outage") // there must be something to wait for
	fallen := `document.querySelector('[data-fleet="slots"] .how').textContent.startsWith("Redis does not answer")`
	b.until("the fleet falls back", fallen)
	b.key("r")
	b.until("started", state("redis", "running"))
	b.until("the fleet takes turns again", "!"+fallen)
	b.until("quiet", state("services", "open")+" && "+both("waiting", " < 100"))

	b.key("a")
	b.until("a thousand wait", both("waiting", " > 800"))
	b.until("the slots have served them", shown("slots", "waiting")+" < 20")
	jitter, slots := ask[float64](b, shown("jitter", "ratio")), ask[float64](b, shown("slots", "ratio"))
	t.Logf("calls per success: %v with jitter, %v with slots", jitter, slots)
	if !(slots < jitter) {
		t.Errorf("calls per success: %v with slots, %v with jitter", slots, jitter)
	}
	b.press("callers")
	b.until("a thousand more wait", both("waiting", " > 800"))

	if log := ask[string](b, `document.getElementById("log").innerText`); strings.Count(log, "\n") < 8 || strings.Contains(log, "Not done") {
		t.Errorf("the log has %q", log)
	}
	if complaints := b.heard(); len(complaints) > 0 {
		t.Errorf("the console has %q", complaints)
	}
}

// A button that cannot do what it says says why.
func TestWithoutRedisItsButtonIsOff(t *testing.T) {
	b := newTab(t)
	without(t)
	_, page := open(t, "")
	b.visit(page)
	b.until("off", `document.querySelector('[data-post="redis"]').disabled`)
	if why := ask[string](b, `document.getElementById(document.querySelector('[data-post="redis"]').getAttribute("aria-describedby")).textContent`); !strings.Contains(why, "not installed") {
		t.Errorf("its reason is %q", why)
	}
	b.key("r")
	b.key("h")
	b.until("the other keys work", state("capacity", "50 "))
	if log := ask[string](b, `document.getElementById("log").innerText`); strings.Contains(log, "Redis") {
		t.Errorf("the log has %q", log)
	}
}

func TestPageFitsItsReaders(t *testing.T) {
	b := newTab(t)
	without(t)
	_, page := open(t, "")
	b.visit(page)

	if nameless := ask[[]string](b, `[...document.querySelectorAll("button, a, [role]")].filter(e => !e.ariaLabel && !e.innerText.trim() && !e.getAttribute("aria-labelledby")).map(e => e.outerHTML)`); len(nameless) > 0 {
		t.Errorf("these have no name: %q", nameless)
	}

	var order []string
	for range 6 {
		b.key(kb.Tab)
		order = append(order, ask[string](b, `(e => e.innerText.trim().replace("\n", " ") + (e.matches(":focus-visible") && getComputedStyle(e).outlineStyle === "solid" ? "" : " without a ring"))(document.activeElement)`))
	}
	// The Redis button is off.
	want := []string{"Dark theme", "O Start an outage", "H Halve the capacity", "A Add 1000 callers", "P Pause the display", ""}
	if !slices.Equal(order, want) {
		t.Errorf("the order of the focus is %q, want %q", order, want)
	}

	for _, width := range []int64{320, 375, 768, 1200} {
		b.do(chromedp.EmulateViewport(width, 800))
		b.until(fmt.Sprintf("nothing is wider than %d pixels", width), `document.documentElement.scrollWidth <= innerWidth && [...document.querySelectorAll("canvas")].every(c => c.getBoundingClientRect().right <= innerWidth)`)
	}
	if complaints := b.heard(); len(complaints) > 0 {
		t.Errorf("the console has %q", complaints)
	}
}

func TestDisplayPauses(t *testing.T) {
	b := newTab(t)
	without(t)
	_, page := open(t, "")
	b.visit(page)
	offers := func(button, text string) string {
		return fmt.Sprintf(`document.querySelector('%s span').textContent === %q`, button, text)
	}
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
}

// bright is an expression for how light the page's background is, from 0 to 255.
const bright = `Number(getComputedStyle(document.body).backgroundColor.match(/\d+/)[0])`

func TestThemes(t *testing.T) {
	b := newTab(t)
	without(t)
	_, page := open(t, "")
	b.visit(page)
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

func TestPageComesBack(t *testing.T) {
	b := newTab(t)
	without(t)
	s, err := newStage(context.Background(), "", shortOutage)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	addr, end := raise(t, s, "127.0.0.1:0")
	b.visit("http://" + addr)
	end()
	b.until("the page says so", state("page", "not connected"))
	raise(t, s, addr)
	b.until("connected again", connected)
	b.until("and hears", shown("slots", "served")+" > 0")
}
