package book

// tell fills in the notice, and decides whether all members must hear it: when there is news,
// and as a heartbeat while somebody waits, which makes up for notices that were lost.
func (b *Book) tell(now Instant, news bool, was Mode, out *Answer) {
	waits := b.Mode != Clear || b.Head < b.Tail
	if news && (waits || was != Clear) || waits && now-b.Heard >= heartbeat {
		b.Seq++
		b.Heard = now
		out.Push = true
	}
	out.Seq, out.Mode, out.Epoch, out.Rate = b.Seq, b.Mode, b.Epoch, b.Rate
	out.Head, out.Tail = b.Head, b.Tail
	if b.Mode == Down {
		due := int64(max(b.Probe-now, 0))
		out.Ahead, out.Next, out.Open = duration(due), duration(due+silence), b.Taken == 0
		return
	}
	out.Ahead, out.Next = duration(whole(b.start(now)-float64(now))), duration(silence)
}
