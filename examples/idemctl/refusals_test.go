package main

import (
	"strings"
	"testing"
)

// What is wrong with the flags is said before a store is asked.
func TestUsage(t *testing.T) {
	t.Parallel()
	id := idOf(aKey).String()
	for _, test := range []struct {
		args string // divided by blanks
		says string
	}{
		{"", "expected one of"},
		{"forget " + id, "unexpected argument forget"},
		{"show", "which record?"},
		{"show 342f6988", "ID of 8 characters, want 64 hexadecimal digits"},
		{"show " + strings.Repeat("x", 64), "invalid byte"},
		{"show --scope ada " + id, "not both"},
		{"show --scope ada --route /", "needs --scope and --key"},
		{"show --route / --key k", "needs --scope and --key"},
		{"show --scope ada --key k", "needs --route, or --operation"},
		{"show --scope ada --key k --route / --operation charge", "needs --route, or --operation"},
		{"show --scope ada --key k --method POST --operation charge", "--method belongs to an HTTP request"},
		{"show --scope ada --key a,b --route /", "quote or comma in a bare key"},
		{"id", "an operation needs"},
		{"id " + id, "unexpected argument"},
		{"list --state gone", "--state must be one of"},
		{"list --limit=-1", "--limit -1: must not be negative"},
		{"resolve " + id, "--happened or --did-not-happen?"},
		{"resolve --happened --did-not-happen " + id, "can't be used together"},
		{"resolve --happened " + id, "--happened needs --status"},
		{"resolve --happened --header A:b " + id, "--happened needs --status"},
		{"resolve --happened --status 99 " + id, "99 is no final status"},
		{"resolve --happened --status 201 --header nothing " + id, "--header: malformed MIME header"},
		{"resolve --happened --status 201 --body-file /does/not/exist " + id, "--body-file"},
		{"resolve --happened --status 201 --ttl 0s " + id, "--ttl 0s: must be positive"},
		{"resolve --happened --status 201 --result 1 " + id, "--result is for idem.Do"},
		{"resolve --happened --result {] " + id, "--result is not JSON"},
		{"resolve --happened --result 1 --scope a --route / --key k", "an HTTP request has a --status"},
		{"resolve --happened --status 201 --scope a --operation o --key k", "an operation of idem.Do has a --result"},
		{"resolve --did-not-happen --status 201 " + id, "what did not happen has no --status"},
		{"resolve --did-not-happen", "which record?"},
	} {
		got := session{T: t, url: "redis://localhost:1"}.run(strings.Fields(test.args)...)
		if got.status != exitUsage || !strings.Contains(got.err, test.says) || got.out != "" {
			t.Errorf("%s: exit status %d, stdout %q and stderr %q, want %d and %q",
				test.args, got.status, got.out, got.err, exitUsage, test.says)
		}
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	session{T: t}.run("-h").says(exitOK, "Usage: idemctl", "list", "$IDEM_STORE")
	session{T: t}.run("id", "--help").says(exitOK, "The route of an HTTP request: its escaped path as the")
	session{T: t}.run("resolve", "-h").says(exitOK, "Which operation it belongs to:", "How it ended:", "(TIME)")
}

// A store that cannot be opened is told from one that does not answer, and no password is
// printed.
func TestStoreURLs(t *testing.T) {
	t.Parallel()
	missing := t.TempDir() + "/missing.db"
	for _, test := range []struct {
		flags  string // divided by blanks
		status int
		says   string
	}{
		{"", exitUsage, "no store: give its URL with --store or in IDEM_STORE"},
		{"--store localhost", exitUsage, "no URL"},
		{"--store postgres:user:secret@host/x", exitUsage, "no URL"},
		{"--store mysql://user:secret@host", exitUsage, `no store has URLs that begin with "mysql:"`},
		{"--store redis+ring://:secret@host", exitUsage, "must be redis+cluster or redis+sentinel"},
		{"--store redis://:secret@host:port", exitUsage, "invalid port"},
		{"--store redis+cluster://:secret@host:port", exitUsage, "invalid port"},
		{"--store redis+sentinel://:secret@host:port", exitUsage, "invalid port"},
		{"--store redis+sentinel://:secret@host", exitUsage, "?master_name=NAME"},
		{"--store postgres://user:secret@host:port/x", exitUsage, "cannot parse"},
		{"--store redis://:secret@host --table t", exitUsage, "its flag is --prefix"},
		{"--store redis://:secret@host --prefix {", exitUsage, "must not contain braces"},
		{"--store sqlite:x --prefix p", exitUsage, "its flag is --table"},
		{"--store postgres://user:secret@host/x --table a-b", exitUsage, "not a name of a table"},
		{"--store sqlite:" + missing, exitFailed, "no such file"},
		{"--store redis://:secret@localhost:1", exitFailed, "connection refused"},
		{"--store redis+cluster://:secret@localhost:1", exitFailed, "connection refused"},
		{"--store redis+sentinel://:secret@localhost:1?master_name=m", exitFailed, "connection refused"},
		{"--store postgres://user:secret@localhost:1/x", exitFailed, "connection refused"},
	} {
		got := session{T: t}.run(append(strings.Fields(test.flags), "list")...)
		if got.status != test.status || !strings.Contains(got.err, test.says) {
			t.Errorf("%s: exit status %d and %q, want %d and %q", test.flags, got.status, got.err, test.status, test.says)
		}
		if strings.Contains(got.err, "secret") {
			t.Errorf("%s: prints the password: %s", test.flags, got.err)
		}
	}
}
