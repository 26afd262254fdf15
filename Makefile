# Everything is run from the root; go.work ties the modules together.
PACKAGES    := ./... ./examples/... ./examples/frameworks/... ./benchmarks/... ./idem/idemsql/drivertest/...
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME    ?= 2m
# The race detector looks at everything but the code of SQLite, which is C in the form of Go
# and would take half of the time. No other package may be left out: it could bring copies of
# generic code from package sync without what the detector needs.
RACE        := -race -gcflags='modernc.org/sqlite/lib=-race=false -d=checkptr=0'

.PHONY: help
help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

.PHONY: test
test: deps ## install what is missing, and run all tests
	go test $(RACE) -shuffle=on $(PACKAGES)
	go test -shuffle=on -run 'Alloc|NotCopied|InAFlood' ./idem ./otel ./otel/eventlog ./server ./skew ./slot ./transport # the race detector would change the counts

.PHONY: deps
deps: ## install what the tests need (as root), or say how
	@./.ci/deps gcc:gcc:libc6-dev redis-server:redis-server redis-sentinel:redis-sentinel pg_ctlcluster:postgresql /usr/sbin/chronyd:chrony faketime:faketime promtool:prometheus chromium:chromium

.PHONY: check
check: ## formatting, vet and staticcheck
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'run gofmt -w on these'; exit 1; }
	go vet $(PACKAGES)
	go run $(STATICCHECK) $(PACKAGES)

.PHONY: bench
bench: ## run the benchmarks and hold them against the bars of the design
	go run ./benchmarks/bars

.PHONY: peers
peers: ## measure the client beside other retrying clients
	go run ./benchmarks/peers

.PHONY: herd
herd: ## simulate a fleet after an outage, beside other ways to wait, against the bars
	go run ./benchmarks/herd -bars

.PHONY: results
results: ## run all of these one after the other, and write benchmarks/RESULTS.md; takes an hour or two
	go run ./benchmarks/results

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME
	go test -run '^$$' -fuzz FuzzParseHeader -fuzztime $(FUZZTIME) ./idem
	go test -run '^$$' -fuzz FuzzIDs -fuzztime $(FUZZTIME) ./idem
	go test -run '^$$' -fuzz FuzzOpen -fuzztime $(FUZZTIME) ./idem/idemseal
	go test -run '^$$' -fuzz FuzzTable -fuzztime $(FUZZTIME) ./idem/idemsql
	go test -run '^$$' -fuzz FuzzIsolation -fuzztime $(FUZZTIME) ./server
	go test -run '^$$' -fuzz FuzzRecord -fuzztime $(FUZZTIME) ./server
	go test -run '^$$' -fuzz FuzzAdmissionTicket -fuzztime $(FUZZTIME) ./server
	go test -run '^$$' -fuzz FuzzDate -fuzztime $(FUZZTIME) ./skew
	go test -run '^$$' -fuzz FuzzAnswer -fuzztime $(FUZZTIME) ./skew/skewntp
	go test -run '^$$' -fuzz FuzzBook -fuzztime $(FUZZTIME) ./slot/book
	go test -run '^$$' -fuzz FuzzMember -fuzztime $(FUZZTIME) ./slot/book
	go test -run '^$$' -fuzz FuzzRetryAfter -fuzztime $(FUZZTIME) ./transport
	go test -run '^$$' -fuzz FuzzAssignedSlot -fuzztime $(FUZZTIME) ./transport
	go test -run '^$$' -fuzz FuzzContentRange -fuzztime $(FUZZTIME) ./transport
