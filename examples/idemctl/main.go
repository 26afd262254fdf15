// Command idemctl looks into a store of idempotency records, and ends what nobody else can
// end: operations whose outcome is unknown.
//
//	export IDEM_STORE=redis://localhost:6379
//	go run ./examples/idemctl list
//	go run ./examples/idemctl show --scope ada --route /orders --key tea-1
//	go run ./examples/idemctl resolve --happened --status 201 --header 'Location: /orders/7' ID
//	go run ./examples/idemctl resolve --did-not-happen ID
//	go run ./examples/idemctl purge ID
//
// Stores are named by URL, with --store or the environment variable IDEM_STORE:
//
//	redis://user:password@host:6379/0            Redis; rediss:// with TLS, unix:///path
//	redis+cluster://host:6379?addr=host2:6379    Redis Cluster
//	redis+sentinel://host:26379?master_name=main Redis behind Sentinels
//	postgres://user:password@host/database       PostgreSQL
//	sqlite:path/to/file.db                       SQLite
//
// A record is named by its ID, the 64 hexadecimal digits that list prints and that the
// observers of packages idem and server report, or by the operation that it belongs to:
// --scope, --route and --key of an HTTP request, --scope, --operation and --key of idem.Do.
// Keys cannot be read out of a store, and none is printed.
//
// # The day it is needed
//
// A handler called the payment service, and its machine lost power. Whether the customer
// paid is not known, so repetitions get 409 outcome-unknown, and list shows the record
// first. Ask the payment service; then resolve tells those who ask again what happened, or
// lets the next one run it. It resolves only the run that it has shown; with --yes, name the
// run that list showed by its --fence, for another one may have begun meanwhile. What a program
// can find out by itself it does with server.WithRecover or with Recover of idem.Operation,
// before an operator has to.
//
// Everything but store.go works on idem.Admin, so a copy of this command serves any store.
// One that wraps another, as package idemseal does, must be wrapped in store.go too, or
// the services cannot read what was resolved.
//
// The exit status is 0 when all went well, 1 when it failed or was refused, and 2 when the
// flags make no sense.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/goaroundhq/goaround/idem"
)

// Exit statuses.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// commandLine is what kong reads the arguments into.
type commandLine struct {
	storeFlags

	List    listCommand    `cmd:"" help:"List records, those first that need an operator."`
	Show    showCommand    `cmd:"" help:"Show one record."`
	Resolve resolveCommand `cmd:"" help:"End a record whose outcome is unknown by what was found out."`
	Purge   purgeCommand   `cmd:"" help:"Forget a record, so that its key is free."`
	ID      idCommand      `cmd:"" name:"id" help:"Print the ID of an operation's record; needs no store."`
}

// console is where the user is.
type console struct {
	in       io.Reader
	out, err io.Writer
	terminal bool // in is one, so that there is somebody to ask
}

func main() {
	c := console{os.Stdin, os.Stdout, os.Stderr, term.IsTerminal(int(os.Stdin.Fd()))}
	// Ctrl-C may end the process at once: what it changes in a store is one step.
	os.Exit(command(context.Background(), os.Args[1:], &c))
}

// command is main without the process around it. It returns the exit status.
func command(ctx context.Context, args []string, c *console) int {
	err := run(ctx, args, c)
	var parse *kong.ParseError
	var usage usageError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &parse), errors.As(err, &usage):
		fmt.Fprintf(c.err, "idemctl: %v (-h shows the flags)\n", err)
		return exitUsage
	default:
		fmt.Fprintf(c.err, "idemctl: %v\n", err)
		return exitFailed
	}
}

// usageError is a mistake in the flags.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func run(ctx context.Context, args []string, c *console) (err error) {
	var flags commandLine
	helped := false
	parser := kong.Must(&flags,
		kong.Name("idemctl"),
		kong.Description("Looks into a store of idempotency records, and ends operations whose outcome is unknown."),
		kong.Groups{"operation": "Which operation it belongs to:", "outcome": "How it ended:"},
		kong.Vars{"ttl": idem.DefaultTTL.String()},
		kong.ConfigureHelp(kong.HelpOptions{NoExpandSubcommands: true, FlagsLast: true}),
		kong.Writers(c.out, c.err),
		kong.Exit(func(int) { helped = true }),
	)
	parsed, err := parser.Parse(args)
	if helped {
		return nil
	}
	if err != nil {
		return err
	}
	closeStore := nothingToClose
	defer func() { err = errors.Join(err, closeStore()) }()
	parsed.Bind(c)
	parsed.BindTo(ctx, (*context.Context)(nil))
	err = parsed.BindToProvider(func() (admin idem.Admin, err error) { // called when a command wants it
		admin, closeStore, err = flags.open()
		return admin, err
	})
	if err != nil {
		return err
	}
	return parsed.Run()
}
