package otel_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	goaroundotel "github.com/goaroundhq/goaround/otel"
)

// Attributes of spans that are not ours have the published names, and ours have none of them.
func TestAttributesFollowTheConventions(t *testing.T) {
	t.Parallel()
	published := map[attribute.Key]bool{
		semconv.HTTPRequestMethodKey: true, semconv.HTTPRequestMethodOriginalKey: true,
		semconv.HTTPRequestResendCountKey: true, semconv.HTTPResponseStatusCodeKey: true,
		semconv.ServerAddressKey: true, semconv.ServerPortKey: true, semconv.URLFullKey: true,
		semconv.ErrorTypeKey: true, semconv.NetworkProtocolVersionKey: true,
	}
	p := newTracer(t)
	rt := traced(p, roundTripper(func(req *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusBadRequest, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody, Request: req}, nil
	}))
	for _, method := range []string{"GET", "BREW"} {
		if _, err := send(t.Context(), rt, method, url); err != nil {
			t.Fatal(err)
		}
	}
	rt = traced(p, &stub{statuses: []int{503, 200}})
	if _, err := send(t.Context(), rt, "GET", url); err != nil {
		t.Fatal(err)
	}
	seen := map[attribute.Key]bool{}
	for _, span := range p.ended.Ended() {
		if span.InstrumentationScope().SchemaURL != semconv.SchemaURL {
			t.Errorf("schema %q", span.InstrumentationScope().SchemaURL)
		}
		for _, kv := range span.Attributes() {
			seen[kv.Key] = true
			if !published[kv.Key] && !strings.HasPrefix(string(kv.Key), "retry.") {
				t.Errorf("attribute %s is neither published nor ours", kv.Key)
			}
		}
	}
	for key := range published {
		if !seen[key] {
			t.Errorf("no span has %s", key)
		}
	}
}

// required are the attributes that the conventions want of a span of an HTTP client.
func TestClientSpansHaveWhatIsRequired(t *testing.T) {
	t.Parallel()
	p := newTracer(t)
	if _, err := send(t.Context(), traced(p, &stub{statuses: []int{200}}), "GET", url); err != nil {
		t.Fatal(err)
	}
	got := values(wantTree(t, p, "internal retry GET", "> client GET")[1].Attributes())
	for key, want := range map[attribute.Key]string{
		semconv.HTTPRequestMethodKey: "GET", semconv.ServerAddressKey: "api.test", semconv.ServerPortKey: "80",
		semconv.URLFullKey: url, semconv.HTTPResponseStatusCodeKey: "200", semconv.NetworkProtocolVersionKey: "1.1",
	} {
		if got[key] != want {
			t.Errorf("%s = %q, want %q", key, got[key], want)
		}
	}
}

// Names of instruments are lower case and dotted, say no unit that the unit says, and take
// none of the names of the conventions, which mean something else.
func TestNamesOfInstruments(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^(retry|idempotency|admission|slot|skew)(\.[a-z]+(_[a-z]+)*)+$`)
	unit := regexp.MustCompile(`^(s|\{[a-z]+\}(/s)?)$`)
	seen := map[string]bool{}
	for _, i := range goaroundotel.Instruments() {
		if !shape.MatchString(i.Name) || seen[i.Name] {
			t.Errorf("name %q", i.Name)
		}
		if !unit.MatchString(i.Unit) {
			t.Errorf("%s: unit %q", i.Name, i.Unit)
		}
		if strings.HasSuffix(i.Name, "_seconds") || strings.HasSuffix(i.Name, "_total") {
			t.Errorf("%s repeats its unit", i.Name)
		}
		seen[i.Name] = true
	}
}

// The table in the documentation has every instrument, with its unit, and no other.
func TestInstrumentsAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^//\t([a-z]+\.[a-z._]+) +(?:counter|histogram|gauge) +(\S+) `).FindAllStringSubmatch(string(text), -1) {
		told[row[1]] = row[2]
	}
	for _, i := range goaroundotel.Instruments() {
		if told[i.Name] != i.Unit {
			t.Errorf("doc.go says %q of %s, want %q", told[i.Name], i.Name, i.Unit)
		}
		delete(told, i.Name)
	}
	for name := range told {
		t.Errorf("doc.go has %s, which does not exist", name)
	}
}
