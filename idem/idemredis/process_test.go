package idemredis_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis"
	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
)

const (
	racerVariable = "IDEMREDIS_RACER" // address of the server to race at
	races         = 300
)

func raceID(n int) idem.ID { return sha256.Sum256(fmt.Appendf(nil, "race %d", n)) }

// race is what another process runs: it claims one ID after the other, as fast as it can,
// and prints the numbers of those that it got. All processes start together.
func race() int {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := redis.NewClient(&redis.Options{Addr: os.Getenv(racerVariable)})
	defer client.Close() //nolint:errcheck // the process ends
	store := idemredis.New(client)
	if _, err := client.Incr(ctx, "here").Result(); err != nil {
		fmt.Println(err)
		return 1
	}
	for client.Get(ctx, "here").Val() != "2" && ctx.Err() == nil {
	}
	for n := range races {
		r, err := store.Claim(ctx, idem.ClaimRequest{
			ID: raceID(n), Owner: idem.NewOwner(), Lease: time.Minute, TTL: time.Minute,
		})
		if err != nil {
			fmt.Println(err)
			return 1
		}
		if r.State == idem.Acquired {
			fmt.Println(n)
		}
	}
	return 0
}

func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	var racers [2]*exec.Cmd
	var got [2]bytes.Buffer
	for i := range racers {
		racers[i] = exec.CommandContext(t.Context(), os.Args[0])
		racers[i].Env = append(os.Environ(), racerVariable+"="+server.Addr())
		racers[i].Stdout, racers[i].Stderr = &got[i], os.Stderr
		if err := racers[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	owners := map[string]int{}
	for i := range racers {
		if err := racers[i].Wait(); err != nil {
			t.Fatalf("racer %d: %v: %s", i, err, got[i].String())
		}
		won := strings.Fields(got[i].String())
		t.Logf("racer %d won %d of %d", i, len(won), races)
		for _, n := range won {
			owners[n]++
		}
	}
	if len(owners) != races {
		t.Errorf("%d of %d IDs were acquired", len(owners), races)
	}
	for n, times := range owners {
		if times != 1 {
			t.Errorf("ID %s was acquired %d times", n, times)
		}
	}
}
