package idemredis_test

import (
	"fmt"

	"github.com/anishathalye/porcupine"

	"github.com/goaroundhq/goaround/idem"
)

// operation is what a worker asked of the store.
type operation struct {
	id       idem.ID
	step     string // claim, complete, release or abandon
	owner    idem.Owner
	takeOver bool
	record   string
}

// answer is what it was told. With lost it was told nothing: the step may have been taken
// at any time since, or not.
type answer struct {
	lost    bool
	state   idem.State // of a claim
	fence   uint64
	attempt uint32
	record  string
	err     string // of another step: "", "fenced" or "lost"
}

// record is the state of one ID in the model. It is what store.go says in words.
type record struct {
	state   idem.State
	owner   idem.Owner
	fence   uint64 // or a lower bound, after a lost claim
	exact   bool
	attempt uint32
	value   string
}

// outcomes are the records that a step may leave behind whose answer is as given.
func outcomes(r record, op operation, a answer) []any {
	next, want := apply(r, op)
	if a.lost {
		if next.fence != r.fence || next.owner != r.owner {
			next.exact, next.fence = false, r.fence
		}
		return []any{r, next}
	}
	if op.step == "claim" {
		return claimed(r, next, want, a)
	}
	if a.err != want.err {
		return nil
	}
	return []any{next}
}

func claimed(before, next record, want, a answer) []any {
	if a.state != want.state || a.record != want.record {
		return nil
	}
	if a.state != idem.Acquired {
		return []any{next}
	}
	if a.attempt != next.attempt {
		return nil
	}
	again := before.state == idem.Pending && before.owner == next.owner
	switch {
	case again && before.exact && a.fence != before.fence:
		return nil
	case again && a.fence < before.fence, !again && a.fence <= before.fence:
		return nil
	}
	next.fence, next.exact = a.fence, true
	return []any{next}
}

// apply is the store: the record after a step, and the answer, in which the fence is left
// open.
func apply(r record, op operation) (record, answer) {
	mine := r.state != idem.Absent && r.owner == op.owner
	switch op.step {
	case "claim":
		return applyClaim(r, op, mine)
	case "complete":
		if r.state != idem.Absent && !mine {
			return r, answer{err: "fenced"}
		}
		if r.state != idem.Done {
			r.state, r.owner, r.value = idem.Done, op.owner, op.record
		}
		return r, answer{}
	case "release":
		switch {
		case r.state == idem.Absent:
			return r, answer{}
		case !mine:
			return r, answer{err: "fenced"}
		case r.state != idem.Pending:
			return r, answer{err: "lost"}
		}
		return record{fence: r.fence}, answer{}
	default:
		switch {
		case r.state == idem.Absent, mine && r.state == idem.Done:
			return r, answer{err: "lost"}
		case !mine:
			return r, answer{err: "fenced"}
		}
		r.state = idem.Unknown
		return r, answer{}
	}
}

func applyClaim(r record, op operation, mine bool) (record, answer) {
	switch {
	case r.state == idem.Absent:
		return record{state: idem.Pending, owner: op.owner, fence: r.fence, attempt: 1}, answer{state: idem.Acquired}
	case r.state == idem.Pending && mine:
		return r, answer{state: idem.Acquired}
	case r.state == idem.Unknown && op.takeOver:
		return record{state: idem.Pending, owner: op.owner, fence: r.fence, attempt: r.attempt + 1}, answer{state: idem.Acquired}
	default:
		return r, answer{state: r.state, record: r.value}
	}
}

var model = porcupine.NondeterministicModel{
	Init: func() []any { return []any{record{}} },
	Step: func(state, input, output any) []any {
		return outcomes(state.(record), input.(operation), output.(answer))
	},
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts := map[idem.ID][]porcupine.Operation{}
		for _, o := range history {
			id := o.Input.(operation).id
			parts[id] = append(parts[id], o)
		}
		var all [][]porcupine.Operation
		for _, p := range parts {
			all = append(all, p)
		}
		return all
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v -> %+v", in, out) },
}
