package call

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/slot"
	"github.com/goaroundhq/goaround/transport"
)

// tries is how often an order is called for that is given up, with the same key, after a
// moment, as an impatient user does.
const (
	tries  = 3
	moment = 100 * time.Millisecond
)

// place calls for an order until it is known what became of it, or it is given up.
func (c *client) place(ctx context.Context, number int) Ending {
	var e Ending
	for range tries {
		next := c.once(ctx, number)
		next.Failed = e.Failed
		next.Late, next.Running = max(e.Late, next.Late), max(e.Running, next.Running)
		next.Attempts += e.Attempts
		if e = next; e.How != GivenUp || ctx.Err() != nil {
			break
		}
		e.Failed = append(e.Failed, e.Why)
		time.Sleep(rand.N(moment))
	}
	return e
}

// once is one call.
func (c *client) once(ctx context.Context, number int) Ending {
	order := NewOrder(c.task.Seed, c.task.Start, number)
	allowed := cmp.Or(c.task.Deadline, order.Deadline)
	deadline := time.Now().Add(allowed)
	if allowed < c.timeout { // the transport ends the others
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	attempts := new(atomic.Int64)
	ctx = context.WithValue(ctx, attemptsOf{}, attempts)
	c.canary.begin(number, deadline)
	e := c.answer(idem.WithKey(ctx, order.Key), order)
	e.Order, e.Attempts = number, int(attempts.Load())
	e.Late, e.Running = c.canary.end(number, time.Now())
	return e
}

func (c *client) answer(ctx context.Context, order Order) Ending {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+target+Path, strings.NewReader(order.Body))
	if err != nil {
		return Ending{How: Wrong, Why: err.Error()}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(TenantHeader, order.Tenant)
	res, err := c.http.Do(req)
	if err != nil {
		return Ending{How: GivenUp, Why: kind(err)}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return Ending{How: GivenUp, Why: "response broke off"}
	}
	return read(order, res, body)
}

// read is what a response says of an order.
func read(order Order, res *http.Response, body []byte) Ending {
	status := res.Header.Get(idem.StatusHeader)
	switch {
	case res.StatusCode == http.StatusCreated:
		var r Receipt
		if err := json.Unmarshal(body, &r); err != nil || r.Order != order.Name() {
			return Ending{How: Wrong, Why: fmt.Sprintf("receipt for %s: %.200s", order.Name(), body)}
		}
		return Ending{How: Acknowledged, Run: r.Run}
	case status == string(idem.ResponseNotStored): // a store that was full
		return Ending{How: Acknowledged}
	case status == string(idem.OutcomeUnknown):
		return Ending{How: Unknown}
	case status == string(idem.InProgress), status == string(idem.BodyUnreadable), res.StatusCode >= 500:
		return Ending{How: GivenUp, Why: strings.TrimSpace(fmt.Sprint(res.StatusCode, " ", status))}
	default:
		return Ending{How: Wrong, Why: fmt.Sprintf("%s: %.200s", res.Status, body)}
	}
}

// kind is an error without what differs from call to call.
func kind(err error) string {
	for _, known := range []struct {
		err  error
		name string
	}{
		{transport.ErrBudget, "budget"},
		{slot.ErrDeadline, "no slot before the deadline"},
		{transport.ErrTimeout, "deadline"},
		{context.DeadlineExceeded, "deadline"},
		{context.Canceled, "the process ends"},
	} {
		if errors.Is(err, known.err) {
			return known.name
		}
	}
	return err.Error()
}
