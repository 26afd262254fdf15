module github.com/goaroundhq/goaround

go 1.25.0

require (
	github.com/beevik/ntp v1.5.0
	github.com/dunglas/httpsfv v1.1.2
	github.com/google/uuid v1.6.0
	github.com/gowebpki/jcs v1.0.2
	go.uber.org/goleak v1.3.0
)

require github.com/jarcoal/httpmock v1.4.2

require (
	golang.org/x/net v0.44.0 // indirect
	golang.org/x/sys v0.36.0 // indirect
)
