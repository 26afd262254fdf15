// Package examples_test keeps the README honest.
package examples_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var snippet = regexp.MustCompile("(?s)<!-- kept honest by ([\\w/]+)\\.(Example\\w*) -->\n```go\n(.*?)```")

// Every Go snippet of the README is part, line by line, of an Example that is compiled and
// run.
func TestReadmeSnippetsAreExamples(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := snippet.FindAllSubmatch(readme, -1)
	if want := bytes.Count(readme, []byte("```go")); len(found) != want || want == 0 {
		t.Errorf("%d of %d Go snippets name their Example", len(found), want)
	}
	for _, f := range found {
		pkg, name := string(f[1]), string(f[2])
		source := example(t, filepath.Join("..", pkg), name)
		for line := range strings.Lines(string(f[3])) {
			line = strings.TrimSpace(line)
			before, rest, ok := strings.Cut(source, line)
			if !ok {
				t.Errorf("%s.%s: no line %q, or not in this place", pkg, name, line)
				break
			}
			_, source = before, rest
		}
	}
}

// example returns the source of an Example function.
func example(t *testing.T, dir, name string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*example*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, file, source, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Name.Name == name {
				return string(source[fset.Position(f.Pos()).Offset:fset.Position(f.End()).Offset])
			}
		}
	}
	t.Errorf("%s has no %s", dir, name)
	return ""
}

var link = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)

// Links to files of the repository lead somewhere.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"../README.md", "../CONTRIBUTING.md", "../CHANGELOG.md", "../server/PROBLEMS.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range link.FindAllSubmatch(text, -1) {
			target := string(l[1])
			if strings.Contains(target, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), target)); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}

// Every status of the middleware is explained on the page that its type URI names.
func TestProblemsAreExplained(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../server/PROBLEMS.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("../idem/header.go")
	if err != nil {
		t.Fatal(err)
	}
	statuses := regexp.MustCompile(`Status = "([a-z-]+)"`).FindAllSubmatch(source, -1)
	if len(statuses) < 10 {
		t.Errorf("found %d statuses only", len(statuses))
	}
	for _, s := range statuses {
		if !bytes.Contains(page, []byte("\n## "+string(s[1])+"\n")) {
			t.Errorf("%s has no section", s[1])
		}
	}
}
