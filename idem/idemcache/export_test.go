package idemcache

// Holdings returns how many claims the store remembers.
func (s *Store) Holdings() int {
	n := 0
	for i := range s.shards {
		n += len(s.shards[i].held)
	}
	return n
}
