package slotredis_test

import (
	"testing"

	"github.com/goaroundhq/goaround/idem/idemredis/redistest"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/slot/slotredis"
	"github.com/goaroundhq/goaround/slot/slottest"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client()
	for name, opts := range map[string][]slotredis.Option{
		"defaults": nil,
		"prefix":   {slotredis.WithPrefix("our slots ")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slottest.Run(t, slottest.Target{Open: func(t *testing.T) slot.Store { return open(t, client, opts...) }})
		})
	}
}

func TestSuiteOfPipelines(t *testing.T) {
	t.Parallel()
	client, err := redistest.Start(t).Client().AutoPipeline()
	ok(t, err)
	t.Cleanup(func() { _ = client.Close() })
	slottest.Run(t, slottest.Target{Open: func(t *testing.T) slot.Store { return open(t, client) }})
}

func TestSuiteOfClusters(t *testing.T) {
	t.Parallel()
	client := redistest.StartCluster(t).Client()
	slottest.Run(t, slottest.Target{Open: func(t *testing.T) slot.Store { return open(t, client) }})
}

func TestSuiteOfPacers(t *testing.T) {
	t.Parallel()
	client := redistest.Start(t).Client()
	for name, open := range map[string]func(t *testing.T) slot.Pacer{
		"Queue": func(t *testing.T) slot.Pacer { return newQueue(t, client) },
		"Ring":  func(*testing.T) slot.Pacer { return &slot.Ring{Counter: slotredis.NewCounter(client)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slottest.RunPacer(t, slottest.PacerTarget{Open: open})
		})
	}
}
