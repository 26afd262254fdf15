package idemredis

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
)

// Finding is something about a server that people should know.
type Finding struct {
	// Server is its address, when the client is one that knows it.
	Server string
	// Level is slog.LevelWarn for what can break the promise that an operation runs at
	// most once, or that could not be found out; slog.LevelInfo for the rest.
	Level slog.Level
	// Text says what was found and what to do about it.
	Text string
}

// Check asks the servers whether they suit, and is meant for the start of a program:
//
//	findings, err := store.Check(ctx)
//	for _, f := range findings {
//		slog.Log(ctx, f.Level, f.Text, "server", f.Server)
//	}
//
// It looks at what could evict claims (maxmemory-policy), at persistence, at the server's
// role, and at the number of replicas when the store waits for them. What the server does
// not tell, as many hosted ones, is a finding and no error. The error is that of a step
// like any other of the store: it does not work yet. Whether to start then is for the
// program to decide.
func (s *Store) Check(ctx context.Context) ([]Finding, error) {
	var nobody idem.ID
	if _, err := s.Get(ctx, nobody); err != nil {
		return nil, fmt.Errorf("idemredis: check: %w", err)
	}
	servers, err := s.masters(ctx)
	if err != nil {
		return []Finding{{Level: slog.LevelWarn, Text: "cannot look at the servers: " + err.Error()}}, nil //nolint:nilerr // the error is the finding
	}
	var findings []Finding
	for _, server := range servers {
		findings = append(findings, s.inspect(ctx, server)...)
	}
	return findings, nil
}

// inspect looks at one server.
func (s *Store) inspect(ctx context.Context, server redis.Cmdable) []Finding {
	var found []Finding
	add := func(level slog.Level, format string, args ...any) {
		found = append(found, Finding{Server: address(server), Level: level, Text: fmt.Sprintf(format, args...)})
	}
	info, err := infoOf(ctx, server)
	if err != nil {
		add(slog.LevelWarn, "cannot tell whether claims can be evicted, or are kept on disk: INFO: %v", err)
		return found
	}
	inspectMemory(info, add)
	inspectDisk(ctx, info, server, add)
	if info["role"] == "slave" {
		add(slog.LevelWarn, "the server is a replica: give the client the master's address, or use redis.NewFailoverClient")
	}
	if have, _ := strconv.Atoi(info["connected_slaves"]); have < s.replicas.n {
		add(slog.LevelWarn, "the server has %d replicas, and the store waits for %d: no operation will run", have, s.replicas.n)
	}
	return found
}

func inspectMemory(info map[string]string, add func(slog.Level, string, ...any)) {
	policy, known := info["maxmemory_policy"]
	switch {
	case !known:
		add(slog.LevelWarn, "cannot tell whether claims can be evicted: INFO has no maxmemory_policy")
	case policy == "noeviction":
	case info["maxmemory"] == "0":
		add(slog.LevelInfo, "maxmemory-policy is %s: claims will be evicted once maxmemory is set; use noeviction", policy)
	default:
		add(slog.LevelWarn, "maxmemory-policy is %s: claims can be evicted, and their operations run twice; use noeviction", policy)
	}
}

func inspectDisk(ctx context.Context, info map[string]string, server redis.Cmdable, add func(slog.Level, string, ...any)) {
	if info["aof_enabled"] == "1" {
		return
	}
	save, err := server.ConfigGet(ctx, "save").Result()
	switch {
	case err != nil:
		add(slog.LevelInfo, "append-only file is off: a restart forgets at least the latest claims (cannot tell whether there are snapshots: CONFIG GET: %v)", err)
	case save["save"] == "":
		add(slog.LevelInfo, "persistence is off: a restart forgets all claims; use appendonly yes")
	default:
		add(slog.LevelInfo, "append-only file is off: a restart forgets the claims since the last snapshot; use appendonly yes")
	}
}

// infoOf returns the fields of INFO.
func infoOf(ctx context.Context, server redis.Cmdable) (map[string]string, error) {
	text, err := server.Info(ctx).Result()
	if err != nil {
		return nil, err
	}
	fields := make(map[string]string)
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[name] = value
		}
	}
	return fields, nil
}

func address(server redis.Cmdable) string {
	if client, ok := server.(*redis.Client); ok {
		return client.Options().Addr
	}
	return ""
}
