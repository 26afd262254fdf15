package transport

import (
	"hash/maphash"
	"net/http"
	"strings"
	"sync/atomic"
)

// Origin is the default target of a request: its scheme, host and port, in lower case. It is
// "" without a URL.
func Origin(req *http.Request) string {
	if req.URL == nil {
		return ""
	}
	host := strings.ToLower(strings.TrimSuffix(req.URL.Host, ":"))
	if req.URL.Port() == "" {
		switch req.URL.Scheme {
		case "http":
			host += ":80"
		case "https":
			host += ":443"
		}
	}
	return req.URL.Scheme + "://" + host
}

// place is where a request goes.
type place struct {
	target  string
	account *account // in the budget; nil without one
}

// site is the place of all requests with one scheme and host.
type site struct {
	scheme, host string
	place
}

// sites remembers a few sites, so that neither their names nor their accounts must be made
// or found for each call. Two that share a drawer take turns in it.
type sites struct {
	seed    maphash.Seed
	drawers [64]atomic.Pointer[site]
}

func newSites() *sites { return &sites{seed: maphash.MakeSeed()} }

// place finds out where a request goes.
func (s *retryStep) place(req *http.Request) place {
	if s.sites == nil || req.URL == nil {
		return s.newPlace(s.target(req))
	}
	scheme, host := req.URL.Scheme, req.URL.Host
	drawer := &s.sites.drawers[maphash.String(s.sites.seed, host)%uint64(len(s.sites.drawers))]
	if at := drawer.Load(); at != nil && at.host == host && at.scheme == scheme && !at.account.isClosed() {
		return at.place
	}
	at := &site{strings.Clone(scheme), strings.Clone(host), s.newPlace(Origin(req))}
	drawer.Store(at)
	return at.place
}

func (s *retryStep) newPlace(target string) place {
	at := place{target: target}
	if s.budget != nil {
		at.account = s.budget.account(target)
	}
	return at
}
