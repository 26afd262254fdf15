// Package serve is a server process under attack: a handler with one effect behind the
// middleware, over a real store. It listens on a port of its own, says which, and counts
// what the middleware answers until its input ends.
package serve
