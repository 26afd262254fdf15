package redistest_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/goleak"

	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

const noServerVariable = "REDISTEST_NO_SERVER"

func TestMain(m *testing.M) {
	logging.Disable() // servers are killed here
	goleak.VerifyTestMain(m)
}

func TestServer(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, redistest.WithAOF(), redistest.WithPassword("secret"), redistest.WithConfig("maxmemory 100mb"))
	client := server.Client()
	if got := client.ConfigGet(t.Context(), "maxmemory").Val()["maxmemory"]; got != "104857600" {
		t.Errorf("maxmemory = %s", got)
	}
	if err := client.Set(t.Context(), "key", "kept", 0).Err(); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Error("a killed server answers")
	}
	server.Restart()
	if got := client.Get(t.Context(), "key").Val(); got != "kept" {
		t.Errorf("after the restart key = %q", got)
	}
	server.Restart() // one that runs
	if got := client.Get(t.Context(), "key").Val(); got != "kept" {
		t.Errorf("after another restart key = %q", got)
	}
}

func TestPause(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	client := server.Client()
	server.Pause()
	answered := make(chan error, 1)
	go func() { answered <- client.Ping(t.Context()).Err() }()
	select {
	case err := <-answered:
		t.Errorf("a paused server answers: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	server.Continue()
	if err := <-answered; err != nil {
		t.Errorf("after Continue: %v", err)
	}
}

func TestCluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	client := cluster.Client()
	for _, node := range cluster.Nodes {
		cluster.Move("key", node)
		if err := client.Incr(t.Context(), "key").Err(); err != nil {
			t.Fatal(err)
		}
		if got := node.Client().Get(t.Context(), "key").Val(); got == "" {
			t.Error("the key is not where it was moved to")
		}
	}
	if got := client.Get(t.Context(), "key").Val(); got != "3" {
		t.Errorf("key = %s after 3 increments", got)
	}
}

func TestSentinel(t *testing.T) {
	t.Parallel()
	sentinel := redistest.StartSentinel(t, redistest.WithPassword("secret"))
	client := sentinel.Client()
	if err := client.Set(t.Context(), "key", "kept", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.Wait(t.Context(), 1, 10*time.Second).Err(); err != nil {
		t.Fatal(err)
	}
	sentinel.KillMaster()
	sentinel.AwaitPromotion()
	if got := sentinel.Client().Get(t.Context(), "key").Val(); got != "kept" {
		t.Errorf("after the failover key = %q", got)
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	server, err := redistest.Open()
	if err != nil {
		t.Fatal(err)
	}
	folder := server.Client().ConfigGet(t.Context(), "dir").Val()["dir"]
	server.Kill()
	if err := server.Start(); err != nil {
		t.Error(err)
	}
	if err := server.Client().Ping(t.Context()).Err(); err != nil {
		t.Errorf("after Start: %v", err)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Close its folder %q: %v", folder, err)
	}
	if err := server.Signal(syscall.SIGCONT); err == nil {
		t.Error("a closed server takes signals")
	}
	defer func() {
		if recover() == nil {
			t.Error("Continue of a closed server does not panic")
		}
	}()
	server.Continue()
}

// Without the program the test fails and says what to install. It is run in a process of
// its own, because a test cannot watch another one fail.
func TestNoProgram(t *testing.T) {
	t.Parallel()
	if os.Getenv(noServerVariable) != "" {
		redistest.Start(t)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoProgram$")
	cmd.Env = append(os.Environ(), noServerVariable+"=1", "PATH=")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(string(out), "apt-get install -y redis-server") {
		t.Errorf("a test without redis-server: %v\n%s", err, out)
	}
}
