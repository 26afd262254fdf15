package child

import (
	"encoding/json"
	"fmt"
	"os"
)

// roleEnv names what the program is when it starts itself.
const roleEnv = "GOAROUND_CHILD_ROLE"

// Role is the main of a child: the first value of its input is its task.
type Role func(in *json.Decoder, out *json.Encoder) error

// Main is whether the program is a child. If so it has done its work.
func Main(roles map[string]Role) bool {
	name := os.Getenv(roleEnv)
	if name == "" {
		return false
	}
	role, ok := roles[name]
	if !ok {
		fmt.Fprintln(os.Stderr, "no role has the name", name)
		os.Exit(2)
	}
	if err := role(json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
	return true
}
