package transport_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/goaroundhq/goaround/transport"
	"github.com/goaroundhq/goaround/transport/faults"
)

// A download breaks after five bytes, and whoever reads it does not notice.
func ExampleWithResume() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Printf("Range: %q\n", r.Header.Get("Range"))
		w.Header().Set("ETag", `"v1"`)
		http.ServeContent(w, r, "film.txt", time.Time{}, strings.NewReader("a long film"))
	}))
	defer server.Close()

	broken := faults.Script(faults.Truncate(5))
	client := &http.Client{Transport: transport.New(broken(http.DefaultTransport),
		transport.WithResume(),
		transport.WithStepObserver(transport.StepObserver{
			Resume: func(_ context.Context, r transport.Resumed) {
				fmt.Printf("%v at %d of %d\n", r.Err, r.Offset, r.Size)
			},
		}),
	)}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	film, err := io.ReadAll(resp.Body)
	fmt.Println(string(film), err)
	// Output:
	// Range: ""
	// Range: "bytes=5-"
	// unexpected EOF at 5 of 11
	// a long film <nil>
}
