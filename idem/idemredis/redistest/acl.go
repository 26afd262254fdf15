package redistest

import (
	"os"
	"strings"
	"testing"
)

// DocumentedRights returns the rights of a user that the doc.go of the package under test lists
// for a purpose, so that what is documented is what is tested.
func DocumentedRights(t testing.TB, purpose string) []string {
	t.Helper()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(doc)) {
		rights, found := strings.CutSuffix(strings.TrimSpace(line), "  "+purpose)
		if rights, listed := strings.CutPrefix(rights, "//\t+"); found && listed {
			return strings.Fields("+" + rights)
		}
	}
	t.Fatalf("no rights are documented for %s", purpose)
	return nil
}

// NothingRefused fails the test for each thing that the server refused a user.
func (s *Server) NothingRefused(t testing.TB) {
	t.Helper()
	log, err := s.Client().ACLLog(t.Context(), 10).Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range log {
		t.Errorf("the server refused %s: %s", entry.Object, entry.Reason)
	}
}
