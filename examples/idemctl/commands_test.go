package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/goaroundhq/goaround/idem"
)

func TestList(t *testing.T) {
	t.Parallel()
	each(t, func(s session, _ idem.Store) {
		line := map[string]string{}
		for key, rest := range map[string]string{
			aKey: " unknown 1 FENCE TIME - TIME 0 handler\uFFFDpanicked\uFFFD[2J\n",
			bKey: " pending 1 FENCE TIME TIME TIME 0 -\n",
			cKey: " done 1 FENCE TIME - TIME 11 -\n",
		} {
			line[key] = idOf(key).String() + rest
		}
		const heading = "ID STATE ATTEMPT FENCE AGE LEASE LEFT EXPIRES IN BYTES REASON\n"
		all := s.run("list")
		all.says(exitOK, heading+line[aKey]+line[bKey]+line[cKey])
		if all.err != "" {
			s.Errorf("stderr %q, want nothing", all.err)
		}
		s.run("list", "--state", "done").says(exitOK, heading+line[cKey])
		s.run("list", "--limit", "1").says(exitOK, heading+line[aKey]+"1 of about 3 records; --limit 0 shows all\n")
		s.run("list", "--limit", "0").says(exitOK, heading+line[aKey]+line[bKey]+line[cKey])
	})
}

func TestListAsJSON(t *testing.T) {
	t.Parallel()
	each(t, func(s session, _ idem.Store) {
		states := map[string]string{}
		for line := range strings.Lines(s.run("list", "--json").out) {
			var r record
			noError(s.T, json.Unmarshal([]byte(line), &r))
			states[r.ID] = r.State
			if r.Attempt != 1 || r.Fence == 0 || r.ExpiresIn <= 0 || (r.LeaseLeft > 0) != (r.State == "pending") {
				s.Errorf("got %+v", r)
			}
		}
		for key, want := range map[string]string{aKey: "unknown", bKey: "pending", cKey: "done"} {
			if got := states[idOf(key).String()]; got != want {
				s.Errorf("%s is %q, want %q", key, got, want)
			}
		}
		if got := strings.Count(s.run("list", "--json", "--limit", "2").out, "\n"); got != 2 {
			s.Errorf("%d lines, want 2", got)
		}
		s.run("list", "--json", "--state", "unknown").says(exitOK, `"id":"`+idOf(aKey).String(), `"reason":"handler\tpanicked\u001b[2J"`)
	})
}

func TestShow(t *testing.T) {
	t.Parallel()
	each(t, func(s session, _ idem.Store) {
		id := idOf(bKey).String()
		want := "id " + id + "\nstate pending\nattempt 1\nfence FENCE\nage TIME\nlease left TIME\nexpires in TIME\nsize 0 bytes\nreason -\n"
		s.run("show", id).says(exitOK, want, "It runs now.")
		s.run(with("show", flagsOf(bKey))...).says(exitOK, want)
		s.run("show", "--json", id).says(exitOK, `{"id":"`+id+`","state":"pending"`)
		s.run(with("show", flagsOf(aKey))...).says(exitOK, "state unknown\n", "Find out whether it happened")
		s.run(with("show", flagsOf(cKey))...).says(exitOK, "state done\n", "size 11 bytes\n", "It is complete")
		s.run(with("show", flagsOf("another"))...).says(exitFailed, "no such claim: the store has no record "+idOf("another").String())
	})
}

func TestPurge(t *testing.T) {
	t.Parallel()
	each(t, func(s session, store idem.Store) {
		s.run(with("purge", flagsOf(bKey), "--yes")...).says(exitOK, idOf(bKey).String()+": forgotten\n", "WARNING: it runs now.")
		s.run(with("purge", flagsOf(aKey), "--yes")...).says(exitOK, "forgotten", "It may have happened.")
		s.run("purge", "--yes", idOf(cKey).String()).says(exitOK, "forgotten", "The next request with its key will run it again.")
		for _, key := range []string{aKey, bKey, cKey} {
			expectState(s.T, store, key, idem.Absent)
		}
		s.run(with("purge", flagsOf(cKey), "--yes")...).says(exitFailed, "the store has no record")
		s.run("list").says(exitOK, "no records\n")
	})
}

// Nothing is changed before somebody has agreed.
func TestConfirmation(t *testing.T) {
	t.Parallel()
	url, store := onSQLite(t)
	seed(t, store)
	resolve, purge := with("resolve", flagsOf(aKey), "--did-not-happen"), with("purge", flagsOf(aKey))
	for _, answer := range []string{"", "n\n", "\n", "nope\n", "no newline, and the end"} {
		s := session{t, url, answer}
		if answer == "" {
			s.run(resolve...).says(exitUsage, "nobody to ask, because standard input is no terminal: nothing was changed; --yes agrees")
			s.run(purge...).says(exitUsage, "nobody to ask")
			continue
		}
		s.run(resolve...).says(exitFailed, "Resolve it so? [y/N]", "nothing was changed\n")
		s.run(purge...).says(exitFailed, "Forget it? [y/N]", "nothing was changed\n")
	}
	expectState(t, store, aKey, idem.Unknown)
	session{t, url, "yes\n"}.run(resolve...).says(exitOK, "resolved")
	expectState(t, store, aKey, idem.Absent)
}

func TestID(t *testing.T) {
	t.Parallel()
	s := session{T: t}
	for _, test := range []struct {
		want idem.ID
		args []string
	}{
		{idem.NewID("", "ada", "POST", "/a%20b", "k"), []string{"--scope", "ada", "--route", "/a%20b", "--key", "k"}},
		{idem.NewID("", "ada", "POST", "/", `k`), []string{"--scope", "ada", "--route", "/", "--key", `"k"`}},
		{idem.NewID("ns", "*", "PATCH", "/", "k"), []string{"--namespace", "ns", "--scope", "*", "--method", "PATCH", "--route", "/", "--key", "k"}},
		{idem.NewID("", "ada", "", "charge", `"k"`), []string{"--scope", "ada", "--operation", "charge", "--key", `"k"`}},
	} {
		got := s.run(append([]string{"id"}, test.args...)...)
		if got.status != exitOK || got.out != test.want.String()+"\n" {
			t.Errorf("%v: exit status %d and %q, want %v", test.args, got.status, got.out, test.want)
		}
	}
}
