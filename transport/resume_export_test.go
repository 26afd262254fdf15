package transport

// ParseContentRange is what a fuzz target tests.
var ParseContentRange = parseContentRange
