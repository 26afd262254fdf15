package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

//go:embed page
var page embed.FS

// clickLife is how long a page may repeat a click whose answer it did not get.
const clickLife = 5 * time.Minute

// maxForm bounds what a click sends, in bytes.
const maxForm = 1 << 10

// handler is the page, its stream, and its buttons.
func handler(s *stage, events http.Handler) http.Handler {
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // the pattern above has it
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.Handle("GET /events", events)
	// Each click has a key of its own, so a page that does not get the answer asks again.
	once := server.New(idem.NewMemory(), server.WithSharedScope(), server.WithRequired(), server.WithGuard(idem.WithTTL(clickLife)))
	for name, b := range s.buttons() {
		mux.Handle("POST /"+name, once(b))
	}
	// A page of somebody else in the same browser must not press them.
	return guarded(http.NewCrossOriginProtection().Handler(mux))
}

// guarded lets the page load nothing but its own files.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		next.ServeHTTP(w, r)
	})
}

// reachable refuses, when the address that is listened on is a loopback one, what is sent to
// names that are not. A page of somebody else whose name was made to lead here would
// otherwise be of one origin with ours.
func reachable(at net.Addr, next http.Handler) http.Handler {
	if !loopback(at.String()) {
		return next // by whichever names this machine has
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopback(r.Host) {
			http.Error(w, "this page is at localhost only", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// loopback is whether a host, with a port or without, is this machine as it names itself.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && ip.IsLoopback() || strings.EqualFold(host, "localhost")
}

// button does what it says, and says what it did. to is what the click asks for.
type button func(ctx context.Context, to string) (said string, err error)

var errUnknown = errors.New("no such thing")

func (b button) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	said, err := b(r.Context(), r.FormValue("to"))
	switch {
	case errors.Is(err, errUnknown):
		http.Error(w, err.Error(), http.StatusBadRequest)
	case err != nil:
		http.Error(w, err.Error(), http.StatusConflict)
	default:
		fmt.Fprintln(w, said)
	}
}

// buttons are named as their paths.
func (s *stage) buttons() map[string]button {
	return map[string]button{
		"outage": func(context.Context, string) (string, error) {
			s.startOutage()
			return fmt.Sprintf("Outage: both services are away for %.0f seconds.", s.rules.outage.Seconds()), nil
		},
		"capacity": func(_ context.Context, to string) (string, error) {
			switch to {
			case "half":
				s.setCapacity(fullStaff / 2)
				return "Capacity halved: half of the workers of both services have left.", nil
			case "full":
				s.setCapacity(fullStaff)
				return "Capacity restored: all workers of both services are back.", nil
			}
			return "", fmt.Errorf("%w as a capacity of %q", errUnknown, to)
		},
		"redis": s.pressRedis,
		"callers": func(context.Context, string) (string, error) {
			if err := s.callers.add(s.rules.herd, rush); err != nil {
				return "", err
			}
			return fmt.Sprintf("%d more callers come to each service, within a second.", s.rules.herd), nil
		},
		"home": func(context.Context, string) (string, error) {
			s.reset()
			return "Everybody who waited has gone home. Both services are open, with all their workers.", nil
		},
	}
}

func (s *stage) pressRedis(ctx context.Context, to string) (string, error) {
	switch to {
	case "stop":
		if err := s.books.run(ctx, false); err != nil {
			return "", err
		}
		return "Redis stopped. Whoever must wait now does so without it.", nil
	case "start":
		if err := s.books.run(ctx, true); err != nil {
			return "", err
		}
		return "Redis started.", nil
	}
	return "", fmt.Errorf("%w as a Redis to %q", errUnknown, to)
}
