package server

import (
	"errors"
	"net/http"

	"github.com/goaroundhq/goaround/idem"
)

// abort ends the claim of a request that did not end well.
func (x *run) abort() Answer {
	x.freeze()
	a := Answer{Outcome: Executed, ID: x.held.Claim().ID}
	switch {
	case x.tx != nil:
		a.Ending, a.Err = idem.Released, x.releaseIn()
		x.capture.discard()
	case x.verdict.Load() == verdictNothing:
		a.Ending, a.Err = idem.Released, x.held.Release()
	default:
		a.Ending, a.Err = idem.Abandoned, x.held.Abandon("handler panicked")
	}
	x.body.release()
	x.capture.release()
	return a
}

// freeze ends the handler's part: what its goroutines still do changes nothing.
func (x *run) freeze() {
	x.capture.freeze()
	x.body.freeze()
	if x.tx != nil {
		x.tx.freeze()
	}
}

// finish ends the claim of a handler that returned, and then sends its response, or what
// the client must be told instead.
func (h *handler) finish(x *run) Answer {
	x.freeze()
	a := Answer{Outcome: Executed, Status: x.capture.status, ID: x.held.Claim().ID}
	gone := x.ctx.Err() != nil
	a.Ending = h.ending(x, gone)
	var instead *problem
	switch {
	case x.tx != nil:
		instead, a.Err = x.endIn(a.Ending, gone)
	case a.Ending == idem.Released:
		a.Err = x.held.Release()
	case a.Ending == idem.Abandoned:
		a.Err = x.held.Abandon("handler does not know")
	default:
		record, short := x.capture.record(gone)
		a.Err = x.held.Complete(x.body.fingerprint(), record, short)
	}
	x.body.release()
	if instead != nil {
		x.capture.discard()
		instead.write(x.capture.w)
		a.Outcome, a.Status = Outcome(instead.status), instead.code
	} else {
		x.capture.send()
	}
	x.capture.release()
	return a
}

// ending decides what the response says about the operation. A handler that answers 4xx
// to a body that broke off has refused it. One that answers 5xx to that, or to a client
// that has gone, was disturbed in its work: it cannot be told how far it had come. gone
// tells that the client has left.
func (h *handler) ending(x *run, gone bool) idem.Ending {
	status, verdict, broken := x.capture.status, x.verdict.Load(), x.body.failed
	switch {
	case verdict == verdictNothing:
		return idem.Released
	case verdict == verdictUnknown:
		return idem.Abandoned
	case h.nothing(status), broken && status >= 400 && status < 500:
		return idem.Released
	case status >= http.StatusInternalServerError && x.tx != nil:
		return idem.Released
	case status >= http.StatusInternalServerError && (gone || broken || h.guard.Guarantee() == idem.AtLeastOnce):
		return idem.Abandoned
	default:
		return idem.Completed
	}
}

// endIn ends the claim and the transaction together. What the handler did is undone
// unless its response is a success. The problem is what to answer instead of a response
// that is not true.
func (x *run) endIn(how idem.Ending, gone bool) (*problem, error) {
	success := x.capture.status < http.StatusBadRequest
	var err error
	switch how {
	case idem.Released:
		err = x.releaseIn()
	case idem.Abandoned:
		err = x.rollback(func() error { return x.held.Abandon("handler does not know") })
		if success {
			err = errors.Join(errUnsure, err)
			return notCommitted(err), err
		}
	default:
		record, short := x.capture.record(gone)
		if success && x.tx.begun() {
			if err = x.held.CompleteIn(x.tx, x.body.fingerprint(), record, short); err != nil {
				return notCommitted(err), err
			}
			return nil, nil
		}
		err = x.rollback(func() error { return x.held.Complete(x.body.fingerprint(), record, short) })
	}
	// Where another run has the claim, its response counts and not this one.
	overtaken := how == idem.Completed && (errors.Is(err, idem.ErrFenced) || errors.Is(err, idem.ErrLost))
	if overtaken || errors.Is(err, idem.ErrTxEnded) {
		return notCommitted(err), err
	}
	return nil, err
}

// errUnsure is for a handler that says of a success that it does not know.
var errUnsure = errors.New("server: handler called OutcomeUnknown: its transaction was undone")

// releaseIn undoes everything and frees the key.
func (x *run) releaseIn() error {
	return x.held.ReleaseIn(x.tx, x.body.fingerprint(), x.capture.failed())
}

// rollback undoes what the handler did and then ends the claim.
func (x *run) rollback(end func() error) error {
	if err := x.held.Rollback(x.tx); errors.Is(err, idem.ErrTxEnded) {
		failed := x.capture.failed()
		return errors.Join(err, x.held.Complete(x.body.fingerprint(), failed, failed))
	}
	return end()
}
