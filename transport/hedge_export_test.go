package transport

// Sketches counts the targets that a HedgeQuantile remembers.
func Sketches(d HedgeDelay) int {
	q := d.(*quantileDelay)
	q.mu.RLock()
	defer q.mu.RUnlock()
	return len(q.sketches)
}
