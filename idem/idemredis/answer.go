package idemredis

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/goaroundhq/goaround/idem"
)

// answer is what answer in record.lua packs.
type answer struct {
	state     idem.State
	fence     uint64
	attempt   uint32
	age       time.Duration
	leaseLeft time.Duration
	prints    []byte // the fingerprint
	rest      []byte // the result or the reason
}

const answerHeader = 1 + 8 + 4 + 8 + 8 + 4

// readAnswer takes the results of a command's Text.
func readAnswer(text string, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	b := []byte(text)
	if len(b) < answerHeader {
		return answer{}, fmt.Errorf("answer of %d bytes", len(b))
	}
	a := answer{
		fence:     binary.BigEndian.Uint64(b[1:]),
		attempt:   binary.BigEndian.Uint32(b[9:]),
		age:       duration(b[13:]),
		leaseLeft: duration(b[21:]),
	}
	prints := uint64(binary.BigEndian.Uint32(b[29:]))
	if prints > uint64(len(b)-answerHeader) {
		return answer{}, fmt.Errorf("answer of %d bytes with a fingerprint of %d", len(b), prints)
	}
	end := answerHeader + int(prints)
	a.prints, a.rest = b[answerHeader:end:end], b[end:]
	a.state, err = stateOf(b[0])
	return a, err
}

// duration reads microseconds.
func duration(b []byte) time.Duration {
	return time.Duration(binary.BigEndian.Uint64(b)) * time.Microsecond
}

func stateOf(letter byte) (idem.State, error) {
	switch letter {
	case 'A':
		return idem.Acquired, nil
	case 'P':
		return idem.Pending, nil
	case 'D':
		return idem.Done, nil
	case 'U':
		return idem.Unknown, nil
	default:
		return idem.Absent, fmt.Errorf("answer with state %q", letter)
	}
}

func (a *answer) claimResult(r idem.ClaimRequest) idem.ClaimResult {
	if a.state == idem.Acquired {
		claim := idem.Claim{ID: r.ID, Owner: r.Owner, Fence: a.fence, Attempt: a.attempt}
		return idem.ClaimResult{State: a.state, Claim: claim, Fingerprint: a.prints}
	}
	return idem.ClaimResult{
		State: a.state, Fingerprint: a.prints, Record: a.rest, Age: a.age, LeaseLeft: a.leaseLeft,
	}
}
