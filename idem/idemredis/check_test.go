package idemredis_test

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem/idemredis"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	const off, file = "maxmemory-policy allkeys-lru", "appendonly yes"
	for name, test := range map[string]struct {
		config []string
		opts   []idemredis.Option
		want   []string // a level and words of each finding
	}{
		"all well":             {config: []string{file}},
		"evicts":               {config: []string{file, off, "maxmemory 100mb"}, want: []string{"WARN can be evicted"}},
		"evicts those expired": {config: []string{file, "maxmemory-policy volatile-ttl", "maxmemory 100mb"}, want: []string{"WARN can be evicted"}},
		"would evict":          {config: []string{file, off}, want: []string{"INFO once maxmemory is set"}},
		"nothing on disk":      {want: []string{"INFO forgets all"}},
		"snapshots":            {config: []string{"save 3600 1"}, want: []string{"INFO since the last snapshot"}},
		"INFO forbidden":       {config: []string{"user default on nopass ~* &* +@all -info"}, want: []string{"WARN cannot tell"}},
		"INFO renamed":         {config: []string{`rename-command INFO ""`}, want: []string{"WARN cannot tell"}},
		"CONFIG forbidden":     {config: []string{"user default on nopass ~* &* +@all -config"}, want: []string{"INFO cannot tell"}},
		"too few replicas": {
			config: []string{file},
			opts:   []idemredis.Option{idemredis.WithReplicas(2, patience)},
			want:   []string{"WARN no operation will run"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings, err := open(t, redistest.Start(t, redistest.WithConfig(test.config...)).Client(), test.opts...).Check(t.Context())
			ok(t, err)
			compareFindings(t, findings, test.want)
		})
	}
}

func compareFindings(t *testing.T, findings []idemredis.Finding, want []string) {
	t.Helper()
	if len(findings) != len(want) {
		t.Fatalf("found %+v, want %q", findings, want)
	}
	for i, f := range findings {
		level, words, _ := strings.Cut(want[i], " ")
		if f.Level.String() != level || !strings.Contains(f.Text, words) || f.Server == "" {
			t.Errorf("found %+v, want %q and the server", f, want[i])
		}
	}
}

func TestCheckLooksAtEachServerOfACluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t, redistest.WithConfig("appendonly yes"))
	ok(t, cluster.Nodes[1].Client().ConfigSet(t.Context(), "maxmemory-policy", "allkeys-random").Err())
	findings, err := open(t, cluster.Client()).Check(t.Context())
	ok(t, err)
	compareFindings(t, findings, []string{"INFO once maxmemory is set"})
	if findings[0].Server != cluster.Nodes[1].Addr() {
		t.Errorf("server %s, want %s", findings[0].Server, cluster.Nodes[1].Addr())
	}
}

func TestCheckOfAReplica(t *testing.T) {
	t.Parallel()
	replica := redistest.StartReplica(t, redistest.Start(t), redistest.WithConfig("appendonly yes"))
	findings, err := open(t, replica.Client()).Check(t.Context())
	ok(t, err)
	compareFindings(t, findings, []string{"WARN is a replica"})
}

func TestCheckOfADeadServer(t *testing.T) {
	t.Parallel()
	store := open(t, connect(t, &redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1}))
	if findings, err := store.Check(t.Context()); err == nil || findings != nil {
		t.Errorf("Check = %v, %v, want an error only", findings, err)
	}
}
