package slot

// Targets is how many targets the queue remembers.
func (q *Queue) Targets() int { return int(q.known.Load()) }
