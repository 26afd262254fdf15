package transport

// FillStreamError does for a test's stream error what errors.As finds in that of
// net/http.
func FillStreamError(target any, id, code uint32) bool {
	if t, ok := target.(*streamError); ok {
		*t = streamError{StreamID: id, Code: code}
		return true
	}
	return false
}
