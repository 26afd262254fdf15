module github.com/goaroundhq/goaround

go 1.25.0

require (
	github.com/dunglas/httpsfv v1.1.2
	github.com/google/uuid v1.6.0
	github.com/gowebpki/jcs v1.0.2
	go.uber.org/goleak v1.3.0
)

require github.com/jarcoal/httpmock v1.4.2
