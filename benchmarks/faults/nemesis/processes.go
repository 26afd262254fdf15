package nemesis

import (
	"context"
	"errors"
	"time"
)

// processes are those that attack the hosts themselves.
func processes() []Nemesis {
	servers := func(w *World) []Process { return w.Servers }
	clients := func(w *World) []Process { return w.Clients }
	return []Nemesis{
		{
			Name: "server-kill", Doc: "kill -9 of a server process, which is started again at once",
			Fits: anywhere, Strike: kill("server", servers),
		},
		{
			Name: "client-kill", Doc: "kill -9 of a client process, which is started again at once and goes on with the same keys",
			Fits: anywhere, Strike: kill("client", clients),
		},
		{
			Name: "server-stop", Doc: "SIGSTOP of a server process for longer than a lease",
			Fits: anywhere, Strike: stop("server", servers),
		},
		{
			Name: "client-stop", Doc: "SIGSTOP of a client process for longer than a lease",
			Fits: anywhere, Strike: stop("client", clients),
		},
	}
}

func kill(what string, of func(*World) []Process) func(context.Context, *World) (bool, error) {
	return func(_ context.Context, w *World) (bool, error) {
		processes := of(w)
		i := w.Rand.IntN(len(processes))
		w.Log("kill -9 %s %d", what, i)
		return processes[i].Kill()
	}
}

func stop(what string, of func(*World) []Process) func(context.Context, *World) (bool, error) {
	return func(ctx context.Context, w *World) (bool, error) {
		processes := of(w)
		i, d := w.Rand.IntN(len(processes)), w.Lease+w.between(200*time.Millisecond, time.Second)
		w.Log("%s %d stands still for %v", what, i, d)
		hit, err := processes[i].Stop()
		if !hit || err != nil {
			return false, err
		}
		return true, errors.Join(last(ctx, d), processes[i].Continue())
	}
}
