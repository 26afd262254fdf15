package skew

// NewDateSourceOn makes a source on another machine.
func NewDateSourceOn(name string, system System) *DateSource { return newDateSource(name, system) }
