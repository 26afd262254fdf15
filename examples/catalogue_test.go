package examples_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every example is a row of the table in README.md, and every row is an example.
func TestEveryExampleIsListed(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for line := range strings.Lines(string(readme)) {
		_, rest, found := strings.Cut(line, "| `go run ./examples/")
		if !found {
			continue
		}
		name, _, _ := strings.Cut(rest, "`")
		name, _, _ = strings.Cut(name, " ") // its flags
		if strings.HasPrefix(line, "| ["+path.Base(name)+"]("+name+"/main.go) |") {
			listed = append(listed, name)
		} else {
			t.Errorf("the row of %s begins otherwise: %s", name, line)
		}
	}
	slices.Sort(listed)
	if found := commands(t); !slices.Equal(listed, found) {
		t.Errorf("the table has\n%q, and there are\n%q", listed, found)
	}
}

// What the documentation of an example says that it prints is the output of its Example.
func TestDocumentedOutputIsTheOutput(t *testing.T) {
	t.Parallel()
	compared := 0
	for _, name := range commands(t) {
		test := filepath.Join(name, "example_test.go")
		if _, err := os.Stat(test); err != nil {
			continue // its output differs from run to run
		}
		main := parse(t, filepath.Join(name, "main.go")).Doc.Text()
		if strings.Count(main, "\n\n\t") < 2 {
			continue // there is no output after the command
		}
		for _, e := range doc.Examples(parse(t, test)) {
			if e.Suffix != "" {
				continue
			}
			compared++
			output := "\t" + strings.ReplaceAll(strings.TrimRight(e.Output, "\n"), "\n", "\n\t")
			if !strings.Contains(main, "\n\n"+output+"\n") || strings.Contains(main, output+"\n\t") {
				t.Errorf("%s documents another output than\n%s", name, e.Output)
			}
		}
	}
	if compared < 12 {
		t.Errorf("compared %d only", compared)
	}
}

// commands are the folders with a main.go.
func commands(t *testing.T) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, _ fs.DirEntry, err error) error {
		if path.Base(file) == "main.go" {
			found = append(found, path.Dir(file))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return found
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}
