package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
	"github.com/goaroundhq/goaround/idem/idemsql"
)

func TestCluster(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartCluster(t)
	store := idemredis.New(cluster.Client())
	seed(t, store)
	url := "redis+cluster://" + cluster.Nodes[0].Addr() + "?addr=" + cluster.Nodes[1].Addr()
	resolveAndList(t, session{T: t, url: url}, store)
}

func TestSentinel(t *testing.T) {
	t.Parallel()
	sentinel := redistest.StartSentinel(t)
	store := idemredis.New(sentinel.Client())
	seed(t, store)
	options := sentinel.Options()
	url := fmt.Sprintf("redis+sentinel://%s?master_name=%s&addr=%s", options.SentinelAddrs[0], options.MasterName, options.SentinelAddrs[1])
	resolveAndList(t, session{T: t, url: url}, store)
}

func resolveAndList(t *testing.T, s session, store idem.Store) {
	t.Helper()
	s.run(with("resolve", flagsOf(aKey), "--did-not-happen", "-y")...).says(exitOK, "resolved")
	expectState(t, store, aKey, idem.Absent)
	s.run("list").says(exitOK, idOf(bKey).String()+" pending", idOf(cKey).String()+" done")
}

// The records of one prefix or table are not those of another.
func TestPrefixAndTable(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	seed(t, idemredis.New(server.Client(), idemredis.WithPrefix("shop:")))
	s := session{T: t, url: "redis://" + server.Addr()}
	s.run("list").says(exitOK, "no records")
	s.run("--prefix", "shop:", "list").says(exitOK, idOf(aKey).String())

	url, _ := onSQLite(t)
	name := "file:" + strings.NewReplacer("sqlite:", "", " ", "%20", "?", "%3f").Replace(url) + "?_txlock=immediate"
	seed(t, onDatabase(t, "sqlite", name, idemsql.SQLite, idemsql.WithTable("shop")))
	s = session{T: t, url: url}
	s.run("list").says(exitOK, "no records")
	s.run("--table", "shop", "list").says(exitOK, idOf(aKey).String())
	s.run("--table", "none", "list").says(exitFailed, "the table is missing or of an earlier version")
}

func TestStoreFromTheEnvironment(t *testing.T) {
	url, store := onSQLite(t)
	seed(t, store)
	t.Setenv("IDEM_STORE", url)
	session{T: t}.run("list").says(exitOK, idOf(aKey).String())
	session{T: t, url: "redis://localhost:1"}.run("list").says(exitFailed, "connection refused")
}

// A record that nobody can read does not hide the others, and can be purged.
func TestUnreadableRecord(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	seed(t, idemredis.New(server.Client()))
	noError(t, server.Client().Set(t.Context(), idemredis.DefaultPrefix+"{"+idOf(cKey).String()+"}", "junk", time.Hour).Err())
	s := session{T: t, url: "redis://" + server.Addr()}
	s.run("list").says(exitFailed, idOf(aKey).String(), idOf(bKey).String(), "record cannot be read", idOf(cKey).String())
	s.run(with("show", flagsOf(cKey))...).says(exitFailed, "record cannot be read")
	s.run(with("resolve", flagsOf(cKey), "--did-not-happen", "-y")...).says(exitFailed, "record cannot be read")
	s.run(with("purge", flagsOf(cKey), "-y")...).says(exitOK, "forgotten", "The record cannot be read:")
	s.run("list").says(exitOK, idOf(aKey).String(), idOf(bKey).String())
}

// The limit keeps the first in the order, in whatever order a store shows them.
func TestLimitKeepsTheFirst(t *testing.T) {
	t.Parallel()
	var all []idem.Info
	for i := range 100 {
		state := []idem.State{idem.Done, idem.Unknown, idem.Pending}[i%3]
		all = append(all, idem.Info{ID: idem.ID{byte(i)}, State: state, Age: time.Duration(i%7) * time.Second})
	}
	want := slices.SortedFunc(slices.Values(all), order)
	source := rand.New(rand.NewPCG(1, 2))
	for _, limit := range []int{0, 1, 10, 99, 100, 1000} {
		source.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		f := first{limit: limit, held: map[idem.ID]idem.Info{}}
		for _, i := range all {
			f.add(i)
			if limit > 0 && len(f.held) > 2*limit {
				t.Fatalf("limit %d: holds %d records", limit, len(f.held))
			}
			f.add(i) // as Redis may
		}
		n := len(want)
		if limit > 0 {
			n = min(limit, n)
		}
		if !slices.Equal(f.sorted(), want[:n]) {
			t.Errorf("limit %d: not the first records", limit)
		}
	}
	for i := range want[1:] {
		if urgency(want[i].State) > urgency(want[i+1].State) {
			t.Errorf("%v comes before %v", want[i].State, want[i+1].State)
		}
	}
}

func TestDurationsForPeople(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "-", 0: "-", time.Millisecond: "100ms", 1234 * time.Millisecond: "1.2s",
		61*time.Second + time.Millisecond: "1m1s", 24 * time.Hour: "24h0m0s",
	} {
		if got := rounded(d); got != want {
			t.Errorf("rounded(%v) = %s, want %s", d, got, want)
		}
	}
}
