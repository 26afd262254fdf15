package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"os"
	"strings"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/server"
)

// outcome says how an operation ended.
type outcome struct {
	Happened     bool          `group:"outcome" xor:"outcome" help:"It happened. Say what repetitions get: --status for an HTTP request, --result for idem.Do."`
	DidNotHappen bool          `group:"outcome" xor:"outcome" help:"It did not happen, and is not under way any more: the next request runs it."`
	Status       int           `group:"outcome" placeholder:"CODE" help:"The status of the response."`
	Header       []string      `group:"outcome" sep:"none" placeholder:"'NAME: VALUE'" help:"A field of the response; may be given again. Those of one exchange, such as Set-Cookie, are left out."`
	BodyFile     string        `group:"outcome" type:"existingfile" placeholder:"PATH" help:"The body of the response."`
	Result       *string       `group:"outcome" placeholder:"JSON" help:"The result of the function that idem.Do ran."`
	TTL          time.Duration `group:"outcome" default:"${ttl}" help:"How long repetitions get it (${default})."`
}

// check reports flags that make no sense together.
func (o *outcome) check(op operation) error {
	response := o.Status != 0 || len(o.Header) > 0 || o.BodyFile != ""
	switch {
	case !o.Happened && !o.DidNotHappen:
		return errors.New("--happened or --did-not-happen?")
	case o.DidNotHappen && (response || o.Result != nil):
		return errors.New("what did not happen has no --status, --header, --body-file or --result")
	case o.DidNotHappen:
		return nil
	case response && o.Result != nil:
		return errors.New("--result is for idem.Do, and --status, --header and --body-file are for an HTTP request")
	case o.Result == nil && o.Status == 0:
		return errors.New("--happened needs --status for an HTTP request, or --result for idem.Do")
	case response && op.Operation != "":
		return errors.New("an operation of idem.Do has a --result, and no --status")
	case o.Result != nil && op.Route != "":
		return errors.New("an HTTP request has a --status, and no --result")
	case o.Result != nil && !json.Valid([]byte(*o.Result)):
		return errors.New("--result is not JSON")
	case o.TTL <= 0:
		return fmt.Errorf("--ttl %v: must be positive", o.TTL)
	}
	if _, err := o.header(); err != nil {
		return err
	}
	if o.Result == nil {
		_, err := server.EncodeResponse(o.Status, nil, nil)
		return err
	}
	return nil
}

// resolution is what to tell the store, and the same in words.
func (o *outcome) resolution() (idem.Resolution, string, error) {
	if o.DidNotHappen {
		return idem.Resolution{State: idem.Absent}, "It did not happen: the next request with its key will run it.", nil
	}
	encode := o.response
	if o.Result != nil {
		encode = o.result
	}
	encoded, what, err := encode()
	plan := fmt.Sprintf("It happened: for %v, those who ask again get\n%s", o.TTL, what)
	return idem.Resolution{State: idem.Done, Record: encoded, TTL: o.TTL}, plan, err
}

func (o *outcome) result() (encoded []byte, what string, err error) {
	encoded, err = idem.EncodeResult(json.RawMessage(*o.Result))
	return encoded, "  " + printable(*o.Result), err
}

func (o *outcome) response() (encoded []byte, what string, err error) {
	var body []byte
	if o.BodyFile != "" {
		if body, err = os.ReadFile(o.BodyFile); err != nil {
			return nil, "", err
		}
	}
	header, err := o.header()
	if err != nil {
		return nil, "", err
	}
	var words strings.Builder
	fmt.Fprintf(&words, "  %d %s\n", o.Status, http.StatusText(o.Status))
	for _, field := range o.Header {
		fmt.Fprintf(&words, "  %s\n", printable(field))
	}
	fmt.Fprintf(&words, "  and %d bytes of body", len(body))
	encoded, err = server.EncodeResponse(o.Status, header, body)
	return encoded, words.String(), err
}

// header reads the fields as they would be read from the wire.
func (o *outcome) header() (http.Header, error) {
	lines := strings.Join(append(o.Header[:len(o.Header):len(o.Header)], "", ""), "\r\n")
	fields, err := textproto.NewReader(bufio.NewReader(strings.NewReader(lines))).ReadMIMEHeader()
	if err != nil {
		return nil, fmt.Errorf("--header: %w", err)
	}
	return http.Header(fields), nil
}

func (o *outcome) verdict() string {
	if o.DidNotHappen {
		return "it did not happen"
	}
	return "it happened"
}
