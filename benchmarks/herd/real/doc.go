// Package real is a herd of real processes: each has callers with an http.Client, who call
// a server in another process over loopback, and a real Redis is the store. The processes
// are the program itself, started again: its main calls [Child] first.
//
// The server does no work but to wait as long as the model's workers would: its rules are
// those of package sim, in real time.
package real
