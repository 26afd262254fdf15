package examples_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// A page is a Markdown file of the repository.
type page struct {
	path    string // from the root
	text    string
	links   []string
	anchors map[string]bool // that headings make
}

// files are the paths of those files of the repository that end so.
func files(t *testing.T, ext string) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == ".git" || d.Name() == "testdata"):
			return fs.SkipDir
		case filepath.Ext(path) == ext:
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// pages are all Markdown files of the repository, by their paths.
func pages(t *testing.T) map[string]page {
	t.Helper()
	found := map[string]page{}
	for _, path := range files(t, ".md") {
		text, err := os.ReadFile(filepath.Join("..", path))
		if err != nil {
			t.Fatal(err)
		}
		found[path] = parsePage(path, text)
	}
	if len(found) < 5 || found["README.md"].text == "" {
		t.Fatalf("found %d pages only", len(found))
	}
	return found
}

func parsePage(path string, source []byte) page {
	p := page{path: path, text: string(source), anchors: map[string]bool{}}
	markdown := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	ids := parser.WithIDs(githubIDs(p.anchors))
	tree := markdown.Parser().Parse(text.NewReader(source), parser.WithContext(parser.NewContext(ids)))
	_ = ast.Walk(tree, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			p.links = append(p.links, links(n, source)...)
		}
		return ast.WalkContinue, nil // the walk itself cannot fail
	})
	return p
}

var attribute = regexp.MustCompile(`(?i)\b(?:href|src)="([^"]*)"`)

// links are those of a node itself, without those of its children.
func links(n ast.Node, source []byte) []string {
	var html text.Segments
	switch n := n.(type) {
	case *ast.Link:
		return []string{string(n.Destination)}
	case *ast.Image:
		return []string{string(n.Destination)}
	case *ast.AutoLink:
		return []string{string(n.URL(source))}
	case *ast.RawHTML:
		html = *n.Segments
	case *ast.HTMLBlock:
		html = *n.Lines()
	}
	var found []string
	for _, match := range attribute.FindAllSubmatch(html.Value(source), -1) {
		found = append(found, string(match[1]))
	}
	return found
}

func TestLinksAreFoundInEveryForm(t *testing.T) {
	t.Parallel()
	p := parsePage("x.md", []byte("[a](1) ![b](2) <https://example.com/3> https://example.com/4 <a href=\"5\">c</a>\n\n"+
		"[d]\n\n[d]: 6\n\n<p>\n<img\n  src=\"7\">\n</p>\n\n`[e](none)`\n"))
	want := []string{"1", "2", "https://example.com/3", "https://example.com/4", "5", "6", "7"}
	if !slices.Equal(p.links, want) {
		t.Errorf("found %q, want %q", p.links, want)
	}
}

// githubIDs names headings as GitHub does: in lower case, without punctuation, with - for
// each space, and numbered when the name is taken.
type githubIDs map[string]bool

func (ids githubIDs) Generate(heading []byte, _ ast.NodeKind) []byte {
	name := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r):
			return unicode.ToLower(r)
		default:
			return -1
		}
	}, strings.TrimSpace(string(heading)))
	free := name
	for n := 1; ids[free]; n++ {
		free = name + "-" + strconv.Itoa(n)
	}
	ids[free] = true
	return []byte(free)
}

func (ids githubIDs) Put(id []byte) { ids[string(id)] = true }

func TestAnchorsAreThoseOfGitHub(t *testing.T) {
	t.Parallel()
	p := parsePage("x.md", []byte("# A, b `c_d`!\n\n## Same\n\n## Same\n\n```\n# no heading\n```\n\n| a |\n|---|\n| [x](#same) |\n"))
	for _, want := range []string{"a-b-c_d", "same", "same-1"} {
		if !p.anchors[want] {
			t.Errorf("no anchor %q in %v", want, p.anchors)
		}
	}
	if len(p.anchors) != 3 || len(p.links) != 1 {
		t.Errorf("anchors %v, links %q", p.anchors, p.links)
	}
}

// blob is how the code, and pages that are read elsewhere, name files of the repository.
const blob = "https://github.com/goaroundhq/goaround/blob/main/"

// Links to files and headings of the repository lead somewhere.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	all := pages(t)
	for _, p := range all {
		for _, link := range p.links {
			if problem := follow(all, p, link); problem != "" {
				t.Errorf("%s: the link to %s leads nowhere: %s", p.path, link, problem)
			}
		}
	}
}

var inComment = regexp.MustCompile(regexp.QuoteMeta(blob) + `[\w./#-]+`)

// So do those in Go code, which are whole URLs.
func TestLinksInCodeLeadSomewhere(t *testing.T) {
	t.Parallel()
	all, found := pages(t), 0
	for _, path := range files(t, ".go") {
		source, err := os.ReadFile(filepath.Join("..", path))
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range inComment.FindAllString(string(source), -1) {
			found++
			if problem := follow(all, page{}, strings.TrimRight(link, ".")); problem != "" {
				t.Errorf("%s: the link to %s leads nowhere: %s", path, link, problem)
			}
		}
	}
	if found < 3 {
		t.Errorf("found %d links only", found)
	}
}

// follow says why a link leads nowhere, or "".
func follow(all map[string]page, from page, link string) string {
	target, anchor, _ := strings.Cut(link, "#")
	switch {
	case strings.HasPrefix(target, blob):
		target = strings.TrimPrefix(target, blob)
	case strings.Contains(target, ":"): // another site
		return ""
	case target == "":
		target = from.path
	default:
		target = filepath.Join(filepath.Dir(from.path), target)
	}
	if _, err := os.Stat(filepath.Join("..", target)); err != nil {
		return err.Error()
	}
	if anchor != "" && !all[target].anchors[anchor] {
		return "no such heading"
	}
	return ""
}

func TestFollowFindsWhatIsMissing(t *testing.T) {
	t.Parallel()
	all := pages(t)
	from := page{path: "server/x.md", anchors: map[string]bool{}}
	for link, leads := range map[string]bool{
		"PROBLEMS.md":                    true,
		"PROBLEMS.md#busy":               true,
		"../README.md":                   true,
		blob + "server/PROBLEMS.md#busy": true,
		"https://example.com/#busy":      true,
		"README.md":                      false,
		"PROBLEMS.md#no-such-thing":      false,
		"#busy":                          false,
		blob + "server/NOTHING.md":       false,
	} {
		if problem := follow(all, from, link); (problem == "") != leads {
			t.Errorf("%s: %q", link, problem)
		}
	}
}
