// Package examples_test keeps the pages of the repository honest.
package examples_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var snippet = regexp.MustCompile("(?s)<!-- kept honest by ([\\w/]+)\\.(Example\\w*) -->\n```go\n(.*?)```")

// Every Go snippet of a page is part, line by line, of an Example that is compiled and run.
func TestSnippetsAreExamples(t *testing.T) {
	t.Parallel()
	for _, p := range pages(t) {
		found := snippet.FindAllStringSubmatch(p.text, -1)
		if want := strings.Count(p.text, "```go"); len(found) != want || want == 0 && p.path == "README.md" {
			t.Errorf("%s: %d of %d Go snippets name their Example", p.path, len(found), want)
		}
		for _, f := range found {
			pkg, name := f[1], f[2]
			if line := missing(example(t, filepath.Join("..", pkg), name), f[3]); line != "" {
				t.Errorf("%s: %s.%s has no line %q, or not in this place", p.path, pkg, name, line)
			}
		}
	}
}

// missing is the first line of a snippet that the source lacks, or "".
func missing(source, snippet string) string {
	lines := trimmed(source)
	for _, line := range trimmed(snippet) {
		at := slices.Index(lines, line)
		if at < 0 {
			return line
		}
		lines = lines[at+1:]
	}
	return ""
}

func trimmed(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

func TestMissingWantsWholeLinesInTheirOrder(t *testing.T) {
	t.Parallel()
	const source = "func Example() {\n\ta := b(c)\n\td()\n}\n"
	for snippet, want := range map[string]string{
		"a := b(c)\nd()\n":     "",
		"\ta := b(c)\n\td()\n": "",
		"a := b\n":             "a := b",
		"b(c)\n":               "b(c)",
		"d()\na := b(c)\n":     "a := b(c)",
	} {
		if got := missing(source, snippet); got != want {
			t.Errorf("%q lacks %q, want %q", snippet, got, want)
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
