package real

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/benchmarks/child"
)

// store is a Redis of the run's own.
type store struct {
	cmd    *exec.Cmd
	socket string
	client *redis.Client
}

func startStore(ctx context.Context, folder string) (*store, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, fmt.Errorf("%w; it is installed by: apt-get install -y redis-server", err)
	}
	socket := filepath.Join(folder, "redis.sock")
	cmd := exec.Command(program, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder) //nolint:noctx // it is killed
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = child.DieWithParent()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &store{cmd: cmd, socket: socket, client: redis.NewClient(&redis.Options{Network: "unix", Addr: socket})}
	if err := s.ready(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// ready waits until it answers.
func (s *store) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		err := s.client.Ping(ctx).Err()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("redis-server does not answer: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// empty forgets everything, the counts of commands too.
func (s *store) empty(ctx context.Context) error {
	if err := s.client.FlushAll(ctx).Err(); err != nil {
		return err
	}
	return s.client.ConfigResetStat(ctx).Err()
}

// scripts matches what the server says of the commands by which books are asked.
var scripts = regexp.MustCompile(`cmdstat_(?:evalsha|eval|fcall):calls=(\d+)`)

// calls is how often books were asked, by the server's own count.
func (s *store) calls(ctx context.Context) (int, error) {
	info, err := s.client.Info(ctx, "commandstats").Result()
	if err != nil {
		return 0, err
	}
	sum := 0
	for _, m := range scripts.FindAllStringSubmatch(info, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

func (s *store) stop() {
	_ = s.client.Close()
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // killed is what it shall be
}
