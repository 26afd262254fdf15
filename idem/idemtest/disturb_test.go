package idemtest_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemtest"
)

const lease = 30 * time.Second

func request() idem.ClaimRequest {
	return idem.ClaimRequest{ID: idem.ID{1}, Owner: idem.NewOwner(), Lease: lease, TTL: time.Hour}
}

func get(t *testing.T, s *idem.Memory) idem.Info {
	t.Helper()
	info, err := s.Get(context.Background(), idem.ID{1})
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// What the caller is told and what the store did are two things.
func TestDisturbedClaim(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault idemtest.Fault
		err   error         // that the caller gets, who waits for two seconds
		took  time.Duration // until then
		state idem.State    // that the store has then
		later idem.State    // and in the end
		left  time.Duration // of the lease, in the end
	}{
		"nothing":                    {idemtest.Fault{}, nil, 0, idem.Pending, idem.Pending, lease - 5*time.Second},
		"request lost":               {idemtest.Fault{LoseRequest: true}, idemtest.ErrDisturbed, 0, idem.Absent, idem.Absent, 0},
		"request lost, other error":  {idemtest.Fault{LoseRequest: true, Err: io.EOF}, io.EOF, 0, idem.Absent, idem.Absent, 0},
		"request lost, noticed late": {idemtest.Fault{LoseRequest: true, DelayReply: time.Second}, idemtest.ErrDisturbed, time.Second, idem.Absent, idem.Absent, 0},
		"request lost in silence":    {idemtest.Fault{LoseRequest: true, DelayReply: idemtest.Forever}, context.DeadlineExceeded, 2 * time.Second, idem.Absent, idem.Absent, 0},
		"reply lost":                 {idemtest.Fault{LoseReply: true}, idemtest.ErrDisturbed, 0, idem.Pending, idem.Pending, lease - 5*time.Second},
		"reply lost in silence":      {idemtest.Fault{LoseReply: true, DelayReply: idemtest.Forever}, context.DeadlineExceeded, 2 * time.Second, idem.Pending, idem.Pending, lease - 5*time.Second},
		"request late":               {idemtest.Fault{DelayRequest: time.Second}, nil, time.Second, idem.Pending, idem.Pending, lease - 4*time.Second},
		"request too late":           {idemtest.Fault{DelayRequest: 3 * time.Second}, context.DeadlineExceeded, 2 * time.Second, idem.Absent, idem.Pending, lease - 2*time.Second},
		"request and reply late":     {idemtest.Fault{DelayRequest: time.Second, DelayReply: time.Second / 2}, nil, 3 * time.Second / 2, idem.Pending, idem.Pending, lease - 4*time.Second},
		"reply late":                 {idemtest.Fault{DelayReply: time.Second}, nil, time.Second, idem.Pending, idem.Pending, lease - 5*time.Second},
		"reply too late":             {idemtest.Fault{DelayReply: 3 * time.Second}, context.DeadlineExceeded, 2 * time.Second, idem.Pending, idem.Pending, lease - 5*time.Second},
		"twice":                      {idemtest.Fault{Twice: true}, nil, 0, idem.Pending, idem.Pending, lease - 5*time.Second},
		"forgotten":                  {idemtest.Fault{Forget: true}, nil, 0, idem.Absent, idem.Absent, 0},
		"clock forwards":             {idemtest.Fault{Jump: 10 * time.Second}, nil, 0, idem.Pending, idem.Pending, lease - 15*time.Second},
		"clock backwards":            {idemtest.Fault{Jump: -10 * time.Second}, nil, 0, idem.Pending, idem.Pending, lease + 5*time.Second},
		"clock past the lease":       {idemtest.Fault{Jump: lease + time.Minute}, nil, 0, idem.Pending, idem.Unknown, 0},
		"clock past the lifetime":    {idemtest.Fault{Jump: lease + time.Hour}, nil, 0, idem.Pending, idem.Absent, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				memory := idem.NewMemory()
				store := idemtest.Disturb(t, memory, idemtest.First(idemtest.OpClaim, tt.fault))
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				result, err := store.Claim(ctx, request())
				if !errors.Is(err, tt.err) || (err == nil) != (result.State == idem.Acquired) {
					t.Errorf("Claim = %v, %v, want %v", result.State, err, tt.err)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				if got := get(t, memory).State; got != tt.state {
					t.Errorf("the store has it %v, want %v", got, tt.state)
				}
				time.Sleep(time.Until(start.Add(5 * time.Second)))
				if got := get(t, memory); got.State != tt.later || got.LeaseLeft != tt.left {
					t.Errorf("the store ends with it %v for %v, want %v for %v", got.State, got.LeaseLeft, tt.later, tt.left)
				}
			})
		})
	}
}

func TestDisturbedEndings(t *testing.T) {
	t.Parallel()
	ops := map[idemtest.Op]func(context.Context, idem.Store, idem.Claim) error{
		idemtest.OpComplete: func(ctx context.Context, s idem.Store, c idem.Claim) error {
			return s.Complete(ctx, c, nil, []byte("record"), time.Hour)
		},
		idemtest.OpRelease: func(ctx context.Context, s idem.Store, c idem.Claim) error { return s.Release(ctx, c) },
		idemtest.OpAbandon: func(ctx context.Context, s idem.Store, c idem.Claim) error { return s.Abandon(ctx, c, "test") },
		idemtest.OpExtend:  func(ctx context.Context, s idem.Store, c idem.Claim) error { return s.Extend(ctx, c, time.Hour) },
	}
	// What the store has when the step was taken.
	taken := map[idemtest.Op]idem.State{
		idemtest.OpComplete: idem.Done, idemtest.OpRelease: idem.Absent,
		idemtest.OpAbandon: idem.Unknown, idemtest.OpExtend: idem.Pending,
	}
	for op, step := range ops {
		for name, tt := range map[string]struct {
			fault idemtest.Fault
			err   error
			taken bool
		}{
			"nothing":      {idemtest.Fault{}, nil, true},
			"request lost": {idemtest.Fault{LoseRequest: true}, idemtest.ErrDisturbed, false},
			"reply lost":   {idemtest.Fault{LoseReply: true}, idemtest.ErrDisturbed, true},
			"twice":        {idemtest.Fault{Twice: true}, nil, true},
			"forgotten":    {idemtest.Fault{Forget: true}, nil, false},
		} {
			t.Run(op.String()+"/"+name, func(t *testing.T) {
				t.Parallel()
				memory := idem.NewMemory()
				result, err := memory.Claim(t.Context(), request())
				if err != nil {
					t.Fatal(err)
				}
				store := idemtest.Disturb(t, memory, idemtest.Always(op, tt.fault))
				if err := step(t.Context(), store, result.Claim); !errors.Is(err, tt.err) {
					t.Errorf("error = %v, want %v", err, tt.err)
				}
				want := idem.Pending
				if tt.taken {
					want = taken[op]
				}
				info := get(t, memory)
				if info.State != want {
					t.Errorf("the store has it %v, want %v", info.State, want)
				}
				if op == idemtest.OpExtend && (info.LeaseLeft > lease) != tt.taken {
					t.Errorf("%v left of the lease, extended: %v", info.LeaseLeft, tt.taken)
				}
			})
		}
	}
}

// A request that is under way does not see what the caller does with its bytes.
func TestDisturbedRequestHasItsOwnBytes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		memory := idem.NewMemory()
		result, err := memory.Claim(t.Context(), request())
		if err != nil {
			t.Fatal(err)
		}
		store := idemtest.Disturb(t, memory, idemtest.Always(idemtest.OpComplete, idemtest.Fault{DelayRequest: time.Minute}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		record := []byte("record")
		if err := store.Complete(ctx, result.Claim, nil, record, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		copy(record, "XXXXXX")
		time.Sleep(time.Minute)
		if result, err := memory.Claim(t.Context(), request()); err != nil || string(result.Record) != "record" {
			t.Errorf("record = %q, %v", result.Record, err)
		}
	})
}

func TestDisturbWithADeadContext(t *testing.T) {
	t.Parallel()
	asked := func(c idemtest.Call) idemtest.Fault {
		t.Errorf("%v was sent", c.Op)
		return idemtest.Fault{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := idemtest.Disturb(t, idem.NewMemory(), asked).Claim(ctx, request()); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
}

// What is still under way when the test ends must not reach a store that is closed with it.
func TestDisturbEndsWithTheTest(t *testing.T) {
	t.Parallel()
	memory := idem.NewMemory()
	var store idem.Store
	t.Run("test", func(t *testing.T) {
		store = idemtest.Disturb(t, memory, idemtest.First(idemtest.OpClaim, idemtest.Fault{DelayRequest: time.Minute}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := store.Claim(ctx, request()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v", err)
		}
	})
	if _, err := store.Claim(t.Context(), request()); err == nil {
		t.Error("a claim after the test: no error")
	}
	if got := get(t, memory).State; got != idem.Absent {
		t.Errorf("the store has it %v", got)
	}
}

func TestDisturbKeepsWhatTheStoreCan(t *testing.T) {
	t.Parallel()
	memory := idem.NewMemory()
	for name, tt := range map[string]struct {
		store idem.Store
		want  error
	}{
		"store with all":  {memory, nil},
		"store with none": {struct{ idem.Store }{memory}, errors.ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := idemtest.Disturb(t, tt.store)
			if l, ok := store.(idem.Local); ok && l.Local() {
				t.Error("it says that it is local")
			}
			admin := store.(idem.Admin)
			_, getErr := admin.Get(t.Context(), idem.ID{})
			var scanErr error
			for _, err := range admin.Scan(t.Context()) {
				scanErr = err
			}
			for what, err := range map[string]error{
				"Wait":  store.(idem.Waiter).Wait(t.Context(), idem.ID{}),
				"Get":   getErr,
				"Scan":  scanErr,
				"Purge": admin.Purge(t.Context(), idem.ID{}),
			} {
				if !errors.Is(err, tt.want) {
					t.Errorf("%s: %v, want %v", what, err, tt.want)
				}
			}
			if err := admin.Resolve(t.Context(), idem.ID{}, idem.Resolution{}); errors.Is(err, errors.ErrUnsupported) != (tt.want != nil) {
				t.Errorf("Resolve: %v", err)
			}
			if _, ok := store.(idem.Recaller).Recall(idem.ID{}); ok {
				t.Error("recalls what never was")
			}
		})
	}
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	lost, late := idemtest.Fault{LoseRequest: true}, idemtest.Fault{DelayReply: time.Second}
	first := idemtest.First(idemtest.OpClaim, lost, idemtest.Fault{}, late)
	always := idemtest.Always(idemtest.OpExtend, late)
	for _, tt := range []struct {
		schedule idemtest.Schedule
		op       idemtest.Op
		n        int
		want     idemtest.Fault
	}{
		{first, idemtest.OpClaim, 1, lost},
		{first, idemtest.OpClaim, 2, idemtest.Fault{}},
		{first, idemtest.OpClaim, 3, late},
		{first, idemtest.OpClaim, 4, idemtest.Fault{}},
		{first, idemtest.OpExtend, 1, idemtest.Fault{}},
		{always, idemtest.OpExtend, 1, late},
		{always, idemtest.OpExtend, 1000, late},
		{always, idemtest.OpClaim, 1, idemtest.Fault{}},
	} {
		if got := tt.schedule(idemtest.Call{Op: tt.op, N: tt.n}); got != tt.want {
			t.Errorf("%v %d: %+v, want %+v", tt.op, tt.n, got, tt.want)
		}
	}
}

func TestRandomSchedule(t *testing.T) {
	t.Parallel()
	const calls, chance = 10_000, 0.3
	lost, late := idemtest.Fault{LoseRequest: true}, idemtest.Fault{DelayReply: time.Second}
	one, same, other := idemtest.Random(1, chance, lost, late), idemtest.Random(1, chance, lost, late), idemtest.Random(2, chance, lost, late)
	count, differ := map[idemtest.Fault]int{}, 0
	for n := range calls {
		c := idemtest.Call{Op: idemtest.OpClaim, ID: idem.ID{byte(n % 7)}, N: n}
		f := one(c)
		count[f]++
		if same(c) != f {
			t.Fatalf("call %d: the same seed does not the same", n)
		}
		if other(c) != f {
			differ++
		}
	}
	for _, f := range []idemtest.Fault{lost, late} {
		if n := count[f]; n < calls*chance/2*8/10 || n > calls*chance/2*12/10 {
			t.Errorf("%+v %d times in %d, want about %v", f, n, calls, calls*chance/2)
		}
	}
	if differ < calls/10 {
		t.Errorf("another seed did another thing %d times of %d", differ, calls)
	}
}

// Faults are counted for each operation and ID.
func TestDisturbCounts(t *testing.T) {
	t.Parallel()
	store := idemtest.Disturb(t, idem.NewMemory(), idemtest.First(idemtest.OpClaim, idemtest.Fault{LoseRequest: true}))
	for _, id := range []idem.ID{{1}, {2}} {
		for _, want := range []error{idemtest.ErrDisturbed, nil} {
			r := request()
			r.ID = id
			if _, err := store.Claim(t.Context(), r); !errors.Is(err, want) {
				t.Errorf("Claim of %v: %v, want %v", id[0], err, want)
			}
		}
	}
}
