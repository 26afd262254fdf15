package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/goaroundhq/goaround/transport/transporttest"
)

// always are the rules that all three break: they read every body to its end before they
// send it, put the copy on the caller's request, and never close what the caller gave them.
var always = []string{
	"Request/FieldsAreNotChanged",
	"Body/IsClosedAfterResponses", "Body/IsClosedAfterErrors", "Body/IsClosedWithoutConnection",
	"Body/IsClosedWhenCancelledBefore", "Body/IsClosedWhenCancelledMeanwhile", "Body/IsClosedWhenNotRead",
	"Body/ErrorsOfReadingItComeBack",
	"Stream/RequestIsSentAsItComes", "Stream/BothWaysAtOnce", "Stream/NotReadAhead", "Stream/LargeRequestIsNotHeld",
	"Context/CauseIsKept",
	"Client/CloseIdleConnectionsIsPassedOn",
	"Trace/BodyWaitsForContinue",
	"Retry/PostWithoutKeyIsNotRepeated",
	"RetryBody/IsOpenedAgain", "RetryBody/IsClosedInTheEnd", "RetryBody/LargeOnesAreNotHeld",
	"RetryWait/HugeSecondsAreNoInstantRetry",
}

// breaks are the other rules that the peers break, in the versions of go.mod.
var breaks = map[string][]string{
	retryable: {
		"Body/IsSentFromWhereItStands", "RetryBody/StartsWhereItStood",
		"Client/RedirectsAreLeftToIt",
		"Connection/OfOthersIsLeftAlone",
		"RetryWait/BeyondTheDeadlineIsNotBegun",
	},
	failsafe: {
		"Body/IsSentFromWhereItStands", "RetryBody/StartsWhereItStood",
		"Connection/ResponsesAreClosed", "Retry/ResponsesAreClosed", "Retry/ConnectionIsUsedAgain",
		"Goroutine/NoneIsLeftAfterResponses",
		"Response/UpgradeIsPassedOn",
		"Retry/CertificateErrorIsFinal",
		"RetryWait/BeyondTheDeadlineIsNotBegun", "RetryWait/DateIsWaitedFor",
	},
	heimdall: { // which does not call itself a RoundTripper
		"Client/RedirectsAreLeftToIt",
		"Context/DeadlineIsATimeout", "Context/EndedBefore", "Context/EndsTheWaitForAResponse",
		"Error/CertificateIsFound", "Error/RefusedConnectionIsFound",
		"Retry/CertificateErrorIsFinal", "Retry/ConnectionIsUsedAgain", "Retry/EndedContextIsFinal",
		"RetryWait/DateIsWaitedFor", "RetryWait/EndsWithTheContext", "RetryWait/SecondsAreWaited",
	},
}

// What the tables say of others must stay true. The command finds it out, in processes of
// its own: some peers have data races, which the race detector would find here.
func TestWhatPeersBreak(t *testing.T) {
	t.Parallel()
	command := filepath.Join(t.TempDir(), "peers")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", command, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var all sync.WaitGroup
	defer all.Wait()
	for name, others := range breaks {
		all.Go(func() {
			t.Run(name, func(t *testing.T) { checkBreaks(t, command, name, slices.Concat(always, others)) })
		})
	}
}

// checkBreaks wants a peer to break these rules, and no others.
func checkBreaks(t *testing.T, command, name string, expected []string) {
	t.Helper()
	wrong := surprises(t, command, name, expected)
	if len(wrong) == 0 {
		return
	}
	// On a busy machine a rule may look broken that is kept: once more.
	again := surprises(t, command, name, expected)
	for rule, finding := range wrong {
		if _, ok := again[rule]; ok {
			t.Errorf("not as it is said to be: %v", finding)
		}
	}
}

// surprises are the findings that are not as expected, by rule.
func surprises(t *testing.T, command, name string, expected []string) map[string]transporttest.Finding {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), command, "-judge", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	var findings []transporttest.Finding
	if err := json.Unmarshal(out, &findings); err != nil {
		t.Fatal(err)
	}
	wrong := map[string]transporttest.Finding{}
	for _, f := range findings {
		switch broken, said := len(f.Broken) > 0, slices.Contains(expected, overAny(f.Rule)); {
		case broken && !said, !broken && said && f.Rule == overAny(f.Rule):
			wrong[f.Rule] = f // a rule over HTTP/2 alone may be kept
		}
	}
	return wrong
}
