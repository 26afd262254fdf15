package book

import "math"

// number gives tickets to the callers that have none. Tickets are taken to the end even when
// slots are given at once, so that the queue's order is that of their numbers.
func (b *Book) number(a Ask, out *Answer) {
	if a.Ticket >= b.Tail && a.Ticket-b.Tail < maxCount {
		b.Head, b.Tail = a.Ticket, a.Ticket+1 // given by a book that was lost: all are overdue
	}
	if a.New > 0 {
		out.Ticket = b.Tail
		b.Tail += float64(a.New)
	}
}

// pass lets the turns of those go by who did not come, faster than the pace: where callers
// gave up the queue has gaps, and the others must come sooner to fill them.
func (b *Book) pass(now Instant) {
	gap := float64(now) - b.Free
	if gap <= 0 {
		return
	}
	b.Head = min(b.Tail, b.Head+float64(skip*gap)/b.step())
	b.Free = float64(now)
}

// grant gives slots within the horizon to callers whose turn it is.
func (b *Book) grant(now Instant, a Ask, out *Answer) {
	if a.Want == 0 || b.reuse(now, a, out) {
		return
	}
	ticket := a.Ticket
	if ticket == 0 || ticket >= b.Tail {
		ticket = out.Ticket
	}
	at, step := b.start(now), b.step()
	ahead := at - float64(now)
	room := horizon - ahead
	if b.Mode == Clear {
		room += breath
	}
	// Who comes long before its turn must wait, unless nobody else has come.
	early := ticket-b.Head > float64(horizon/step)+leap
	if room < 0 || early && b.Free > float64(now) {
		b.Busy = now
		if !early {
			b.appoint(now, at-lead, a, out)
		}
		return
	}
	n := min(float64(a.Want), math.Floor(room/step)+1)
	if float64(a.Waiting) > n || b.Free-float64(now) > near {
		b.Busy = now
	}
	out.Slots, out.First, out.Step = int(n), duration(whole(ahead)), duration(whole(step))
	b.Free = at + float64(n*step)
	if !early {
		b.Head = max(b.Head, min(ticket+n, b.Tail))
	}
}

// appoint says when to ask again to a member that came in its turn and found no room. Each is
// told another time, or all would come again together.
func (b *Book) appoint(now Instant, at float64, a Ask, out *Answer) {
	if at = max(at, b.Late); at-float64(now) > patience {
		at = float64(now) // no appointment is worth more: rates change
	}
	batch := min(float64(a.Want), max(1, math.Floor((horizon-lead)/b.step())))
	b.Late = at + float64(batch*b.step())
	out.Again = duration(max(1, whole(at-float64(now)))) // 0 would say that there is no appointment
}

// takeBack notes slots that a member will not use; the latest that came back are kept.
func (b *Book) takeBack(now Instant, a Ask) {
	at := now + Instant(micros(a.BackAt))
	given := whole((b.Free - float64(at)) / b.step())
	if a.Back > 0 && given > 0 {
		b.Spare, b.SpareAt = min(int64(a.Back), given), at
	}
}

// reuse gives slots that came back, when they are not over yet.
func (b *Book) reuse(now Instant, a Ask, out *Answer) bool {
	step := max(1, whole(b.step()))
	if b.Spare > 0 && b.SpareAt <= now {
		over := min(b.Spare, whole(float64(now-b.SpareAt)/float64(step))+1)
		b.Spare -= over
		b.SpareAt += Instant(over * step)
	}
	b.Spare = min(b.Spare, max(0, whole((b.Free-float64(b.SpareAt))/float64(step))))
	room := horizon - int64(b.SpareAt-now)
	if b.Spare == 0 || room < 0 {
		return false
	}
	n := min(b.Spare, int64(a.Want), whole(float64(room)/float64(step))+1)
	out.Slots, out.First, out.Step = int(n), duration(int64(b.SpareAt-now)), duration(step)
	b.Spare -= n
	b.SpareAt += Instant(n * step)
	return true
}

// settle makes the target clear when nobody waits and nobody has had to for a while.
func (b *Book) settle(now Instant) {
	if b.Mode == Clear || b.Head < b.Tail || now-b.Busy < calm || now-b.Begun < calm {
		return
	}
	b.Mode, b.Begun = Clear, now
	b.Clean, b.Fails = 0, 0
	b.renew()
}
