package transporttest

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
)

var requestRules = []rule{
	{
		name: "Request/FieldsAreNotChanged", http2: true,
		says:  "method, URL, length, body, GetBody and all other fields of the caller's request stay as they are",
		check: func(e *env) { e.unchanged((*before).fields) },
	},
	{
		name: "Request/HeaderIsNotChanged", http2: true,
		says:  "header and trailer of the caller's request stay as they are",
		check: func(e *env) { e.unchanged((*before).headers) },
	},
	{
		name: "Request/HeaderMayBeShared",
		says: "calls at the same time may share one header map, which nobody writes to even for a moment",
		check: func(e *env) {
			s := e.script(status(200))
			shared := http.Header{"X-Mine": {"1"}, "Accept": {"text/plain"}}
			want := shared.Clone()
			s.tap.look = func(*http.Request) {
				if !maps.EqualFunc(shared, want, slices.Equal[[]string]) {
					e.errorf("while the request is sent, the header is %v, was %v", shared, want)
				}
			}
			s.together(8, func(int) {
				req := s.request(http.MethodPost, nil)
				req.Header = shared
				s.expect(req, 200, content(200))
			})
		},
	},
	{
		name: "Request/IsTheCallersAgain", http2: true,
		says: "when the response is closed, the request is the caller's again, to change and to send again",
		check: func(e *env) {
			s := e.script(status(200))
			req := s.request(http.MethodGet, nil)
			for i := range 4 {
				req.Header.Set("X-Round", string(rune('0'+i)))
				s.expect(req, 200, content(200))
			}
			for i, a := range s.seen() {
				if got := a.header.Get("X-Round"); got != string(rune('0'+i)) {
					e.errorf("request %d arrived with the field of round %q", i, got)
				}
			}
		},
	},
}

// endings are ways in which a call can end.
var endings = []struct {
	name   string
	answer http.HandlerFunc
}{
	{"a response 200", status(200)},
	{"a response 404", status(404)},
	{"a response 503", status(503)},
	{"a broken connection", drop},
}

// unchanged compares the caller's request with what it was, while it is sent and afterwards.
func (e *env) unchanged(changes func(*before, *http.Request) []string) {
	for _, end := range endings {
		s := e.script(end.answer)
		for _, kind := range bodyKinds {
			req := s.upload(e.ctx, kind, "content").req
			req.Header.Set("X-Mine", "1")
			was := remember(req)
			s.tap.look = func(*http.Request) {
				for _, field := range changes(was, req) {
					e.errorf("%s, %s: %s is changed while the request is sent", kind.name, end.name, field)
				}
			}
			_, _ = s.do(req) // how it ends does not matter
			for _, field := range changes(was, req) {
				e.errorf("%s, %s: %s is changed", kind.name, end.name, field)
			}
		}
	}
}

// before is a request as it was.
type before struct {
	req             *http.Request
	url             url.URL
	header, trailer http.Header
	ctx             context.Context
}

func remember(req *http.Request) *before {
	same := *req
	return &before{&same, *req.URL, req.Header.Clone(), req.Trailer.Clone(), req.Context()}
}

// fields are the names of those that are not what they were.
func (b *before) fields(req *http.Request) (changed []string) {
	was, is := reflect.ValueOf(b.req).Elem(), reflect.ValueOf(req).Elem()
	for i := range was.NumField() {
		if f := was.Type().Field(i); f.IsExported() && !identical(was.Field(i), is.Field(i)) {
			changed = append(changed, f.Name)
		}
	}
	if *req.URL != b.url {
		changed = append(changed, "what URL points to")
	}
	if req.Context() != b.ctx {
		changed = append(changed, "the context")
	}
	return changed
}

// identical reports whether a field holds the same value: the same map and the same
// function, not one like it.
func identical(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Map, reflect.Func, reflect.Slice:
		return a.Pointer() == b.Pointer()
	default:
		return a.Equal(b)
	}
}

func (b *before) headers(req *http.Request) (changed []string) {
	if !maps.EqualFunc(req.Header, b.header, slices.Equal[[]string]) {
		changed = append(changed, "Header")
	}
	if !maps.EqualFunc(req.Trailer, b.trailer, slices.Equal[[]string]) {
		changed = append(changed, "Trailer")
	}
	return changed
}
