package promtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Patience is how long a test waits for what must come, on a very busy machine.
const Patience = 90 * time.Second

// answer is how long one answer may take, and pause what is between two questions.
const (
	answer = 10 * time.Second
	pause  = 50 * time.Millisecond
)

const install = "apt-get install -y prometheus"

// startTries is how often another port is tried, when somebody else took the first.
const startTries = 5

// Server is a Prometheus of a test.
type Server struct {
	url    string
	client http.Client
}

const configuration = `
global: {scrape_interval: 250ms, scrape_timeout: 250ms, evaluation_interval: 250ms}
rule_files: [%q]
scrape_configs:
  - {job_name: test, static_configs: [{targets: [%q]}]}
`

// Start starts a Prometheus that reads /metrics from the address, as host:port, and evaluates
// the rules, both four times a second. It returns when it is ready, and ends the test when it
// cannot be: at once when the program ends, as it does for rules that make no sense.
func Start(t testing.TB, address string, rules []byte) *Server {
	t.Helper()
	path, err := exec.LookPath("prometheus")
	if err != nil {
		t.Fatalf("promtest: %v; install it: %s", err, install)
	}
	dir := t.TempDir()
	config, alerts := filepath.Join(dir, "prometheus.yml"), filepath.Join(dir, "rules.yml")
	write(t, alerts, rules)
	write(t, config, fmt.Appendf(nil, configuration, alerts, address))
	for tries := startTries; ; tries-- {
		log := new(strings.Builder)
		s, ended := launch(t, path, dir, config, log)
		if s.getsReady(t, ended) {
			return s
		}
		if tries == 1 || !strings.Contains(log.String(), "address already in use") {
			t.Fatal("promtest: prometheus has ended before it was ready")
		}
	}
}

// launch starts a process on a port that was free, which ends with the test.
func launch(t testing.TB, path, dir, config string, log *strings.Builder) (*Server, <-chan struct{}) {
	t.Helper()
	listen := freePort(t)
	cmd := exec.CommandContext(context.Background(), path, "--config.file="+config, //nolint:gosec // a program that was looked up
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+listen, "--log.level=warn")
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatalf("promtest: %v", err)
	}
	s := &Server{url: "http://" + listen, client: http.Client{Timeout: answer}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // what it has to say is in the log
	}()
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		_ = cmd.Process.Kill() // it may have ended by itself
		<-ended
		if t.Failed() {
			t.Logf("prometheus: %s", log)
		}
	})
	return s, ended
}

// getsReady waits until the process is ready, or has ended before.
func (s *Server) getsReady(t testing.TB, ended <-chan struct{}) bool {
	t.Helper()
	for deadline := time.Now().Add(Patience); ; {
		said, err := s.get(t.Context(), "/-/ready", nil)
		if err == nil && strings.Contains(string(said), "Prometheus") {
			select {
			case <-ended: // another one took the port
				return false
			default:
				return true
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("promtest: prometheus is not ready: %v", err)
		}
		select {
		case <-ended:
			return false
		case <-time.After(pause):
		}
	}
}

func write(t testing.TB, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatalf("promtest: %v", err)
	}
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("promtest: %v", err)
	}
	defer func() { _ = l.Close() }() // it was never used
	return l.Addr().String()
}

// eventually tries f until it succeeds, and fails the test when it does not.
func eventually(t testing.TB, what string, f func() error) {
	t.Helper()
	for deadline := time.Now().Add(Patience); ; {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("promtest: %s: %v", what, err)
			return
		}
		time.Sleep(pause)
	}
}

// get asks the interface of Prometheus.
func (s *Server) get(ctx context.Context, path string, query url.Values) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+path+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, body)
	}
	return body, err
}

// ask asks the interface of Prometheus, and decodes its answer.
func (s *Server) ask(ctx context.Context, path string, query url.Values, answer any) error {
	body, err := s.get(ctx, path, query)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, answer)
}
