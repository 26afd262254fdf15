package server_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

func TestStatusDecidesWhetherTheKeyIsFree(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status    int
		guarantee idem.Guarantee
		again     bool // the handler runs again
	}{
		{200, idem.AtMostOnce, false},
		{302, idem.AtMostOnce, false},
		{400, idem.AtMostOnce, false},
		{408, idem.AtMostOnce, true},
		{409, idem.AtMostOnce, false},
		{425, idem.AtMostOnce, true},
		{429, idem.AtMostOnce, true},
		{500, idem.AtMostOnce, false},
		{502, idem.AtMostOnce, false},
		{503, idem.AtMostOnce, true},
		{504, idem.AtMostOnce, false},
		{200, idem.AtLeastOnce, false},
		{400, idem.AtLeastOnce, false},
		{429, idem.AtLeastOnce, true},
		{500, idem.AtLeastOnce, true}, // as another attempt
		{504, idem.AtLeastOnce, true},
	} {
		t.Run(strconv.Itoa(tt.status)+" "+tt.guarantee.String(), func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(tt.status) },
				server.WithGuard(idem.WithGuarantee(tt.guarantee)))
			noRedirects := *s.client
			noRedirects.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			s.client = &noRedirects
			for range 2 {
				if r := s.post("k"); r.status != tt.status || (r.replayed() && tt.again) {
					t.Errorf("response %d, replayed %v", r.status, r.replayed())
				}
			}
			want := int32(1)
			if tt.again {
				want = 2
			}
			s.expectRuns(want)
			a := s.lastAnswer()
			if abandoned := tt.status >= 500 && tt.guarantee == idem.AtLeastOnce; tt.again && (a.Ending == idem.Abandoned) != abandoned {
				t.Errorf("the claim ended %v", a.Ending)
			}
		})
	}
}

func TestOwnChoiceOfStatuses(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusConflict) },
		server.WithNothingHappened(func(status int) bool { return status == http.StatusConflict }))
	s.post("k")
	s.post("k")
	s.expectRuns(2)
}

func TestHandlerSaysHowItEnded(t *testing.T) {
	t.Parallel()
	t.Run("nothing happened", func(t *testing.T) {
		t.Parallel()
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if !server.NothingHappened(context.WithoutCancel(r.Context())) {
				t.Error("not heard")
			}
			w.WriteHeader(http.StatusInternalServerError)
		})
		s.post("k")
		s.post("k")
		s.expectRuns(2)
		if a := s.lastAnswer(); a.Ending != idem.Released || a.Err != nil {
			t.Errorf("answer %+v", a)
		}
	})
	t.Run("outcome unknown", func(t *testing.T) {
		t.Parallel()
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if !server.OutcomeUnknown(r.Context()) {
				t.Error("not heard")
			}
			w.WriteHeader(http.StatusBadGateway)
		})
		s.expect(s.post("k"), http.StatusBadGateway, "")
		r := s.post("k")
		s.expectProblem(r, http.StatusConflict, idem.OutcomeUnknown)
		if r.header.Get("Retry-After") != "" {
			t.Error("a client is asked to come back for nothing")
		}
		s.expectRuns(1)
		s.expectOutcomes(server.Executed, server.Outcome(idem.OutcomeUnknown))
	})
}

func TestHandlerThatDoesNotReturn(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(){
		"panic":                func() { panic("boom") },
		"http.ErrAbortHandler": func() { panic(http.ErrAbortHandler) },
		"runtime.Goexit":       runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Run("at most once", func(t *testing.T) {
				t.Parallel()
				s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
					_, _ = w.Write([]byte("half"))
					leave()
				})
				if r := s.post("k"); name != "runtime.Goexit" && r.err == nil {
					t.Errorf("the client got %d %q", r.status, r.body)
				}
				s.expectProblem(s.post("k"), http.StatusConflict, idem.OutcomeUnknown)
				s.expectRuns(1)
			})
			t.Run("at least once", func(t *testing.T) {
				t.Parallel()
				var attempts []uint32
				s := serve(t, func(w http.ResponseWriter, r *http.Request) {
					a, _ := idem.FromContext(r.Context())
					attempts = append(attempts, a.Number)
					if a.Number == 1 {
						leave()
					}
					created(w, r)
				}, server.WithGuard(idem.WithGuarantee(idem.AtLeastOnce)))
				s.post("k")
				s.expect(s.post("k"), http.StatusCreated, `{"id":17}`)
				if len(attempts) != 2 || attempts[1] != 2 {
					t.Errorf("attempts %v", attempts)
				}
			})
			t.Run("nothing had happened", func(t *testing.T) {
				t.Parallel()
				s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
					if s := server.NothingHappened(r.Context()); !s {
						t.Error("not heard")
					}
					leave()
				})
				s.post("k")
				s.post("k")
				s.expectRuns(2)
			})
		})
	}
}

// The commonest fatal bug of its kind: the client hangs up, and the result is lost.
func TestClientHangsUpWhileTheHandlerRuns(t *testing.T) {
	t.Parallel()
	started, goOn := make(chan struct{}), make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-r.Context().Done() // the client is gone, as the handler can see
		<-goOn
		created(w, r)
	})
	ctx, hangUp := context.WithCancel(t.Context())
	hungUp := make(chan error)
	go func() {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/orders", nil)
		if err != nil {
			hungUp <- err
			return
		}
		req.Header.Set(idem.Header, "k")
		resp, err := s.client.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		hungUp <- err
	}()
	<-started
	hangUp()
	if err := <-hungUp; !errors.Is(err, context.Canceled) {
		t.Fatalf("hanging up: %v", err)
	}
	inProgress := s.send(http.MethodPost, "/orders", "k", "")
	s.expectProblem(inProgress, http.StatusConflict, idem.InProgress)
	close(goOn)
	var again reply
	for range 1000 { // until the handler has returned
		again = s.send(http.MethodPost, "/orders", "k", "", func(r *http.Request) { r.Header.Del("Content-Type") })
		if again.status != http.StatusConflict {
			break
		}
	}
	s.expect(again, http.StatusCreated, `{"id":17}`)
	s.expectRuns(1)
}

func TestSecondRequestWhileTheFirstRuns(t *testing.T) {
	t.Parallel()
	var s *service
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		inner := s.post("k")
		s.expectProblem(inner, http.StatusConflict, idem.InProgress)
		if got := inner.header.Get("Retry-After"); got != "1" {
			t.Errorf("Retry-After %q, want 1", got)
		}
		created(w, r)
	})
	s.expect(s.post("k"), http.StatusCreated, `{"id":17}`)
	s.expectRuns(1)
	s.expectOutcomes(server.Outcome(idem.InProgress), server.Executed)
}

// The hint grows with the time that the first request has taken, and ends with its lease.
func TestInProgressHint(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		age, leaseLeft time.Duration
		want           string
	}{
		{0, 30 * time.Second, "1"},
		{time.Second, 30 * time.Second, "1"},
		{1500 * time.Millisecond, 30 * time.Second, "2"},
		{time.Hour, 30 * time.Second, "2"},
		{time.Hour, time.Second, "1"},
		{0, time.Millisecond, "1"},
		{0, 0, "1"},
	} {
		w := httptest.NewRecorder()
		pending := &pendingStore{Memory: idem.NewMemory(), result: idem.ClaimResult{State: idem.Pending, Age: tt.age, LeaseLeft: tt.leaseLeft}}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		r.Header.Set(idem.Header, "k")
		server.New(pending, server.WithSharedScope())(http.HandlerFunc(created)).ServeHTTP(w, r)
		if got := w.Header().Get("Retry-After"); got != tt.want {
			t.Errorf("running for %v, lease for %v: Retry-After %q, want %q", tt.age, tt.leaseLeft, got, tt.want)
		}
	}
}

// pendingStore says of every operation that it is in progress.
type pendingStore struct {
	*idem.Memory
	result idem.ClaimResult
}

func (s *pendingStore) Claim(context.Context, idem.ClaimRequest) (idem.ClaimResult, error) {
	return s.result, nil
}

func TestWaitingForTheFirst(t *testing.T) {
	t.Parallel()
	const waiters = 20
	started, goOn := make(chan struct{}), make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-goOn
		created(w, r)
	}, server.WithGuard(idem.WithWait(time.Minute)))
	replies := make(chan reply)
	for range waiters + 1 {
		go func() { replies <- s.post("k") }()
	}
	<-started
	close(goOn)
	replayed := 0
	for range waiters + 1 {
		r := <-replies
		s.expect(r, http.StatusCreated, `{"id":17}`)
		if r.replayed() {
			replayed++
		}
	}
	if replayed != waiters {
		t.Errorf("%d replayed, want %d", replayed, waiters)
	}
	s.expectRuns(1)
}

func TestRacingRequestsRunOnce(t *testing.T) {
	t.Parallel()
	const clients = 64
	s := serve(t, created)
	replies := make(chan reply)
	for range clients {
		go func() { replies <- s.post("k") }()
	}
	for range clients {
		if r := <-replies; r.status == http.StatusConflict {
			s.expectProblem(r, http.StatusConflict, idem.InProgress)
		} else {
			s.expect(r, http.StatusCreated, `{"id":17}`)
		}
	}
	s.expectRuns(1)
}

func TestHandlerKnowsItsAttempt(t *testing.T) {
	t.Parallel()
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		a, ok := idem.FromContext(r.Context())
		key, ok2 := idem.DownstreamKey(r.Context(), "charge")
		if !ok || !ok2 || a.Key != "order 17" || a.Number != 1 || a.Fence == 0 || len(key) != 64 {
			t.Errorf("attempt %+v, %v; downstream key %q, %v", a, ok, key, ok2)
		}
		if want := idem.NewID("shop", idem.SharedScope, "POST", "/orders", "order 17"); a.ID != want {
			t.Errorf("ID %v, want %v", a.ID, want)
		}
	}, server.WithNamespace("shop"))
	s.expect(s.post(`"order 17"`), 200, "")
}

// A stored redirect is replayed as one.
func TestRedirectIsReplayed(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/17") {
			_, _ = w.Write([]byte("order 17"))
			return
		}
		http.Redirect(w, r, "/orders/17", http.StatusSeeOther)
	})
	s.expect(s.post("k"), 200, "order 17") // the client follows with a GET, which is not guarded
	s.expect(s.post("k"), 200, "order 17")
	s.expectOutcomes(server.Executed, server.Ignored, server.Replayed, server.Ignored)
}
