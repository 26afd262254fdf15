// Package call is a client process under attack: callers with an http.Client over the whole
// transport chain, who share a pacer with the callers of all other client processes. A call
// is one operation, whose key follows from the seed and its number: a process that is killed
// is started again, and calls for the same operations again.
package call
