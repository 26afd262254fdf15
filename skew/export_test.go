package skew

import "net/http"

// NewDateSourceOn makes a source on another machine.
func NewDateSourceOn(name string, system System) *DateSource { return newDateSource(name, system) }

// HTTPDateOn asks from another machine.
func HTTPDateOn(client *http.Client, address string, system System) Source {
	h := HTTPDate(client, address).(*httpDate)
	h.DateSource = newDateSource(h.name, system)
	return h
}

// HostPort names a server.
var HostPort = hostPort
