package skew

// StatedError is what the kernel says of its clock.
var StatedError = statedError
