// Package faults breaks HTTP on purpose, so that you can test what your client does then.
//
// A step sits where the network is, below everything that retries, and gives some requests
// another fate than they would have had:
//
//	step := faults.Random(seed,
//		faults.Share(0.1, faults.Status(http.StatusServiceUnavailable, "Retry-After", "1")),
//		faults.Share(0.1, faults.LoseResponse()), // the server acts, and nobody learns of it
//	)
//	client := &http.Client{Transport: transport.New(step(http.DefaultTransport))}
//
// [Random] chooses by chance, [Script] in order, and [Only] leaves requests alone that a
// function does not name. Steps that are stacked add up: a slow network that also loses
// connections is one around the other. What happens to the n-th request through Random
// depends on the seed and on n alone, so requests that are sent one after the other meet the
// same faults in every run.
//
// Steps have the type func(http.RoundTripper) http.RoundTripper, which is that of
// transport.Step, and fit around any RoundTripper; under go-retryablehttp, for example, as
// the Transport of its HTTPClient. They are safe for concurrent use, keep the contract of
// http.RoundTripper, and need no network. [Fault] is a function: write your own.
package faults
