// Package otelprom lets Prometheus read the instruments of package otel.
//
//	metrics, err := otelprom.New()
//	...
//	http.Handle("GET /metrics", metrics)
//	rt := transport.New(nil, goaroundotel.Transport(goaroundotel.WithMeterProvider(metrics)))
//
// [New] makes a provider of meters and a handler of their own; [NewReader] is for a program
// that has a provider already. Both print the names that the dashboard and the rules ask for:
// an instrument's unit and, for a counter, _total are appended, and nothing else is, whatever
// the defaults of the exporter will be one day:
//
//	retry_duplicate_operations_total{service,operation}
//	retry_slot_distribution_seconds{service}
//	retry_clock_skew_seconds{service}
//
// # Dashboard and alerts
//
// [Dashboard] is a dashboard for Grafana and [Rules] are rules for Prometheus, both ready to
// be loaded. A command writes them to files in a directory, which must exist:
//
//	go run github.com/goaroundhq/goaround/otel/otelprom/export -dir deploy
//
// The rules say what somebody should look at; each has a description that says what to do:
//
//	GoaroundNoDuplicatePrevented    clients send again, and for hours a server has known no key
//	GoaroundBudgetExhausted         retries are refused for want of budget
//	GoaroundRetryAmplification      there is more than one retry for five calls
//	GoaroundUnknownOutcomes         operations end, and nobody knows how
//	GoaroundFencedCompletion        an operation was run twice
//	GoaroundUnprotected             handlers run without protection, because the store failed
//	GoaroundStoreFailing            the store of records fails in a twentieth of claims and completions
//	GoaroundPacerFallback           callers do not take turns, because the store failed
//	GoaroundClockDisagreement       sources of time contradict each other
//	GoaroundClockSkew               the clock is off by more than it can be unsure of
//	GoaroundMetricOverflow          the SDK has lost count of attributes
package otelprom
