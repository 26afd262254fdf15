package ledger

import (
	"context"
	"errors"
	"net/rpc"
)

// service is the name of the ledger on the wire.
const service = "Ledger"

// remote is what clients may call.
type remote struct{ ledger *Ledger }

// Enter is [Ledger.Enter].
func (r *remote) Enter(e Entry, _ *struct{}) error { return r.ledger.Enter(e) }

// Runs is [Ledger.Runs].
func (r *remote) Runs(key string, runs *[]string) error {
	*runs = r.ledger.Runs(key)
	return nil
}

// Client is a ledger in another process. It is safe for concurrent use.
type Client struct{ rpc *rpc.Client }

// Dial reaches a ledger at its address.
func Dial(address string) (*Client, error) {
	client, err := rpc.Dial("unix", address)
	if err != nil {
		return nil, err
	}
	// An answer says that the ledger knows of this connection, and would hear it out.
	if err := client.Call(service+".Runs", "", new([]string)); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return &Client{client}, nil
}

// Enter is [Ledger.Enter]. After an error the effect may be there or not.
func (c *Client) Enter(ctx context.Context, e Entry) error {
	return c.call(ctx, "Enter", e, new(struct{}))
}

// Runs is [Ledger.Runs].
func (c *Client) Runs(ctx context.Context, key string) ([]string, error) {
	runs := new([]string) // not to be looked at before the call has ended
	if err := c.call(ctx, "Runs", key, runs); err != nil {
		return nil, err
	}
	return *runs, nil
}

// call leaves a call alone when the context ends: it may still arrive.
func (c *Client) call(ctx context.Context, method string, args, reply any) error {
	call := c.rpc.Go(service+"."+method, args, reply, make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
		return call.Error
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Close hangs up.
func (c *Client) Close() error { return c.rpc.Close() }
