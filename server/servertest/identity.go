package servertest

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

var identityRules = []rule{
	{name: "Identity/CallersDoNotShareKeys", check: func(e *env) {
		s := e.serve(func(w http.ResponseWriter, r *http.Request) {
			user, _, _ := r.BasicAuth()
			_, _ = io.WriteString(w, "for "+user)
		}, server.WithScope(byUser))
		for range 2 {
			s.expect(s.post("k", as("ann", "token 1")), http.StatusOK, "for ann")
			s.expect(s.post("k", as("bob", "token 1")), http.StatusOK, "for bob")
		}
		s.expectRuns(2)
	}},
	{name: "Identity/NewTokenIsTheSameCaller", check: func(e *env) {
		s := e.serve(created, server.WithScope(byUser))
		s.expectCreated(s.post("k", as("ann", "token 1")))
		s.expectReplay(s.post("k", as("ann", "token 2")))
		s.expectRuns(1)
	}},
	{name: "Identity/UnknownCallerIs403", check: func(e *env) {
		s := e.serve(created, server.WithScope(byUser))
		s.expectProblem(s.post("k"), http.StatusForbidden, idem.ScopeUnknown)
		s.expectProblem(s.post("k", as("", "token")), http.StatusForbidden, idem.ScopeUnknown)
		s.expectRuns(0)
		if a := s.lastAnswer(); a.Err == nil {
			e.Error("the observer was not told why")
		}
	}},
	{name: "Identity/LostPermissionGetsNoReplay", check: func(e *env) {
		authorised := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if _, token, _ := r.BasicAuth(); token != "valid" {
					http.Error(w, "no", http.StatusForbidden)
					return
				}
				next.ServeHTTP(w, r)
			})
		}
		s := e.serveBehind(authorised, created, server.WithScope(byUser))
		s.expectCreated(s.post("k", as("ann", "valid")))
		s.expect(s.post("k", as("ann", "revoked")), http.StatusForbidden, "no\n")
		s.expectReplay(s.post("k", as("ann", "valid")))
		s.expectRuns(1)
	}},
	{name: "Identity/OtherRouteOrMethodIsAnotherOperation", check: func(e *env) {
		s := e.serve(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Method+" "+r.URL.Path) })
		for range 2 {
			s.expect(s.send("POST", "/a", "k", ""), http.StatusOK, "POST /a")
			s.expect(s.send("POST", "/b", "k", ""), http.StatusOK, "POST /b")
			s.expect(s.send("PATCH", "/a", "k", ""), http.StatusOK, "PATCH /a")
		}
		s.expectRuns(3)
	}},
	{name: "Identity/StrippedPrefixIsPartOfTheRoute", check: func(e *env) {
		mount := func(next http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.Handle("/a/", http.StripPrefix("/a", next))
			mux.Handle("/b/", http.StripPrefix("/b", next))
			return mux
		}
		s := e.serveBehind(mount, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RequestURI) })
		for range 2 {
			s.expect(s.send("POST", "/a/orders", "k", ""), http.StatusOK, "/a/orders")
			s.expect(s.send("POST", "/b/orders", "k", ""), http.StatusOK, "/b/orders")
		}
		s.expectRuns(2)
	}},
	{name: "Identity/OneOperationUnderTwoPathsRunsOnce", check: func(e *env) {
		s := e.serve(created, server.WithRoute(func(*http.Request) string { return "create order" }))
		s.expectCreated(s.send("POST", "/v1/orders", "k", "{}"))
		// One operation, and not the same request.
		s.expectProblem(s.send("POST", "/v2/orders", "k", "{}"), http.StatusUnprocessableEntity, idem.KeyReused)
		s.expectRuns(1)
	}},
	{name: "Identity/NamespacesShareAStoreAndNoKeys", check: func(e *env) {
		shop := e.serve(created)
		bank := e.serve(created, server.WithNamespace(e.namespace+"/bank"))
		shop.expectCreated(shop.post("k"))
		bank.expectCreated(bank.post("k"))
	}},
	{name: "Identity/OtherMethodsAreNotGuarded", check: func(e *env) {
		s := e.serve(created)
		methods := []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodOptions}
		for _, method := range methods {
			for range 2 {
				r := s.send(method, "/orders", "k", "")
				s.expectCreated(r)
				if r.header.Get(idem.Header) != "" {
					e.Errorf("%s: the key came back as if it had been understood", method)
				}
			}
		}
		s.expectRuns(int32(2 * len(methods)))
	}},
	{name: "Identity/NestedGuardsGuardOnce", check: func(e *env) {
		s := e.serve(func(w http.ResponseWriter, r *http.Request) {
			inner := server.New(e.store, server.WithSharedScope(), server.WithNamespace(e.namespace))
			inner(http.HandlerFunc(created)).ServeHTTP(w, r)
		})
		s.expectCreated(s.post("k"))
		s.expectReplay(s.post("k"))
		s.expectRuns(1)
	}},
	{name: "Identity/OperationIsWhatItsPartsSay", check: func(e *env) {
		s := e.serve(func(w http.ResponseWriter, r *http.Request) {
			a, _ := idem.FromContext(r.Context())
			if a.ID != e.operation("k") || a.Key != "k" || a.Number != 1 || a.Fence == 0 {
				e.Errorf("attempt %+v", a)
			}
			created(w, r)
		})
		s.expectCreated(s.post("k"))
		if a := s.lastAnswer(); a.ID != e.operation("k") || a.Status != http.StatusCreated || a.Ending != idem.Completed {
			e.Errorf("the observer was told %+v", a)
		}
		if strings.Contains(e.operation("k").String(), "k") {
			e.Error("the key can be read in the ID")
		}
	}},
}

func as(user, token string) change {
	return func(r *http.Request) { r.SetBasicAuth(user, token) }
}

func byUser(r *http.Request) (idem.Scope, error) {
	user, _, ok := r.BasicAuth()
	if !ok {
		return "", errors.New("nobody is logged in")
	}
	return idem.Scope(user), nil
}
