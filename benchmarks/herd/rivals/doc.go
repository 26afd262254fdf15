// Package rivals has what callers can do about calls that failed: the usual backoffs, what
// well-known clients ship, and the pacer of goaround. What is somebody else's code is
// called where it can be driven in virtual time, and otherwise written after it; each says
// which.
package rivals
