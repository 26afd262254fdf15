package main

import (
	"errors"
	"fmt"

	"github.com/goaroundhq/goaround/idem"
)

// operation says which operation a record belongs to.
type operation struct {
	Scope     string `group:"operation" placeholder:"TEXT" help:"Whose key it is, as server.WithScope or idem.Operation say; '*' for server.WithSharedScope."`
	Key       string `group:"operation" placeholder:"TEXT" help:"The key, as in the Idempotency-Key field, with its quotes or without."`
	Method    string `group:"operation" placeholder:"NAME" help:"The method of an HTTP request. The default is POST."`
	Route     string `group:"operation" placeholder:"TEXT" help:"The route of an HTTP request: its escaped path as the client sent it, without the query, unless server.WithRoute says otherwise."`
	Operation string `group:"operation" placeholder:"NAME" help:"Instead of method and route: the name of an operation of idem.Do."`
	Namespace string `group:"operation" placeholder:"TEXT" help:"What separates applications in the store, as in server.WithNamespace; usually nothing."`
}

func (o operation) id() (idem.ID, error) {
	switch {
	case o.Scope == "" || o.Key == "":
		return idem.ID{}, errors.New("an operation needs --scope and --key")
	case (o.Route == "") == (o.Operation == ""):
		return idem.ID{}, errors.New("an operation needs --route, or --operation for one of idem.Do")
	case o.Operation != "" && o.Method != "":
		return idem.ID{}, errors.New("--method belongs to an HTTP request, and --operation to idem.Do")
	}
	if o.Operation != "" {
		return idem.NewID(o.Namespace, idem.Scope(o.Scope), "", o.Operation, o.Key), idem.CheckKey(o.Key)
	}
	key, err := idem.ParseHeader([]string{o.Key})
	method := o.Method
	if method == "" {
		method = "POST"
	}
	return idem.NewID(o.Namespace, idem.Scope(o.Scope), method, o.Route, key), err
}

// target says which record a command is about.
type target struct {
	Record    string `arg:"" optional:"" name:"id" help:"The record: 64 hexadecimal digits. Or say which operation it belongs to."`
	operation `embed:""`
}

// Validate is called by kong.
func (t target) Validate() error {
	_, err := t.id()
	return err
}

func (t target) id() (idem.ID, error) {
	switch named := t.operation != (operation{}); {
	case t.Record != "" && named:
		return idem.ID{}, errors.New("give an ID or the flags of an operation, not both")
	case named:
		return t.operation.id()
	case t.Record != "":
		return idem.ParseID(t.Record)
	default:
		return idem.ID{}, errors.New("which record? Give its ID, or the flags of its operation")
	}
}

// idCommand prints the ID of an operation's record.
type idCommand struct {
	operation `embed:""`
}

// Validate is called by kong.
func (i *idCommand) Validate() error {
	_, err := i.id()
	return err
}

// Run is called by kong.
func (i *idCommand) Run(c *console) error {
	id, err := i.id()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.out, id)
	return err
}
