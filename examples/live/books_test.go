package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

// ping asks its Redis for an answer.
func ping(t *testing.T, b *books) error { return b.own.client.Ping(t.Context()).Err() }

func TestOwnRedisStopsAndStarts(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatalf("%v; it is installed by: apt-get install -y redis-server", err)
	}
	b, err := openBooks(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := ping(t, b); err != nil || b.state() != storeRuns {
			t.Fatalf("it is %s: %v", b.state(), err)
		}
		for range 2 { // whoever presses twice is not told off
			if err := b.run(t.Context(), false); err != nil {
				t.Fatal(err)
			}
		}
		if err := ping(t, b); err == nil || b.state() != storeStopped {
			t.Fatalf("it is %s, and answers %v", b.state(), err)
		}
		for range 2 {
			if err := b.run(t.Context(), true); err != nil {
				t.Fatal(err)
			}
		}
	}
	folder := b.own.folder
	if name := filepath.Base(folder); !strings.HasPrefix(name, "goaround-live-") {
		t.Errorf("its folder %q does not say whose it is", name)
	}
	if err := b.close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its folder is left: %v", err)
	}
}

// A Redis that ends by itself, or is killed by somebody else, is missed and can be started.
func TestOwnRedisIsMissed(t *testing.T) {
	t.Parallel()
	b, err := openBooks(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	}()
	if err := b.own.child.Load().process.Kill(); err != nil {
		t.Fatal(err)
	}
	until(t, "it is missed", func() bool { return b.state() == storeStopped })
	if err := b.run(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if err := ping(t, b); err != nil || b.state() != storeRuns {
		t.Errorf("it is %s: %v", b.state(), err)
	}
}

func TestRedisThatEndsAtOnceIsReported(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("true")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := startRedis(t.Context(), program); !errors.Is(err, errEnded) {
		t.Errorf("%v, %v", r, err)
	}
}

func TestForeignRedisIsNotStopped(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	b, err := openBooks(t.Context(), server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	}()
	if err := b.run(t.Context(), false); !errors.Is(err, errForeign) || b.state() != storeForeign {
		t.Errorf("stopping it: %v, and it is %s", err, b.state())
	}
	if err := server.Client().Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
}

// Without Redis, a fleet falls back at once, and returns.
func TestFleetFallsBackAndReturns(t *testing.T) {
	t.Parallel()
	s, _ := open(t, "")
	if err := s.books.run(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	s.startOutage()
	fleet := s.fleets[slots]
	until(t, "it falls back", func() bool { return fleet.fellBack.Load() > 0 && fleet.adrift.Load() == processes })
	if err := s.books.run(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	s.endOutage()
	until(t, "it returns", func() bool { return fleet.adrift.Load() == 0 && fleet.waiting() < 10 })
	if n := s.fleets[jitter].fellBack.Load(); n != 0 {
		t.Errorf("the other fleet fell back %d times", n)
	}
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(guard); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, guard)
		}
	}
}
