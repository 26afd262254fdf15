package main

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
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

// how is an expression for whether the fleet with slots says what it does so.
func how(begins string) string {
	return fmt.Sprintf(`document.querySelector('[data-fleet="slots"] .how').textContent.startsWith("%s")`, begins)
}

// said is what the log has, the newest first.
func (b *tab) said() string {
	b.t.Helper()
	return ask[string](b, `document.getElementById("log").innerText`)
}

// logged is an expression for whether the log has a text.
func logged(text string) string {
	return fmt.Sprintf(`document.getElementById("log").textContent.includes("%s")`, text)
}

// goesHome: nobody else ends the outage.
func goesHome(t *testing.T, b *tab) {
	t.Helper()
	b.press("outage")
	b.key("h")
	b.press("callers")
	b.until("a herd waits again", both("waiting", fmt.Sprintf(" > %d", quick.herd)))
	b.key("e")
	b.until("they have gone home", both("waiting", " < 50")+" && "+state("services", "open")+" && "+state("capacity", "100 "))
	b.until("others are served", both("served", " > 0"))
	if !ask[bool](b, both("gaveUp", " === 0")) {
		t.Error("somebody gave up, by the page")
	}
}

func TestButtonsDoWhatTheySay(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatalf("%v; it is installed by: apt-get install -y redis-server", err)
	}
	s, page := open(t, "")
	b := newTab(t)
	b.emulate("prefers-reduced-motion", "reduce") // the machine may be slow
	b.visit(page)
	b.until("served", both("served", " > 0"))

	b.key("hh") // faster than samples come
	b.until("halved and restored", logged("Capacity restored")+" && "+state("capacity", "100 "))
	b.key("h")
	b.until("halved", state("capacity", "50 "))
	b.press("capacity")
	b.until("restored", state("capacity", "100 "))

	b.key("o")
	b.until("away", state("services", "away"))
	b.until("nobody is served", both("served", " === 0"))
	b.press("redis")
	b.until("stopped", state("redis", "stopped"))
	b.until("the fleet falls back", how("Redis does not answer"))
	b.key("r")
	b.until("started", state("redis", "running"))
	b.until("the fleet takes turns again", how("Away"))

	b.key("a")
	b.until("a herd waits", both("waiting", fmt.Sprintf(" > %d", quick.herd)))
	s.endOutage()
	b.until("the outage is over", state("services", "open")+" && "+logged("The outage is over"))
	b.until("the slots have served them, and others some", shown("slots", "waiting")+" < 20 && "+shown("jitter", "ratio")+" > 0")
	jitter, slots := ask[float64](b, shown("jitter", "ratio")), ask[float64](b, shown("slots", "ratio"))
	t.Logf("attempts per success: %v with jitter, %v with slots", jitter, slots)
	if !(slots < jitter) {
		t.Errorf("attempts per success: %v with slots, %v with jitter", slots, jitter)
	}
	b.until("some duplicates were prevented", both("prevented", " > 0"))

	goesHome(t, b)

	if log := b.said(); strings.Count(log, "\n") < 12 || strings.Contains(log, "Not done") {
		t.Errorf("the log has %q", log)
	}
	if !ask[bool](b, `[...document.querySelectorAll("#log li")].every(e => /^\d\d:\d\d:\d\d \S/.test(e.textContent))`) {
		t.Errorf("times and texts run into each other in %q", b.said())
	}
	if complaints := b.heard(); len(complaints) > 0 {
		t.Errorf("the console has %q", complaints)
	}
}
