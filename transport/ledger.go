package transport

import (
	"maps"
	"sync"
	"sync/atomic"
)

// maxAccounts is how many targets have an account of their own.
const maxAccounts = 1024

// ledger finds the account of a target. Reading takes no lock: the map is never changed,
// only replaced.
type ledger struct {
	accounts atomic.Pointer[map[string]*account]

	opening sync.Mutex
	swept   int64   // the tick at which idle accounts were looked for
	others  account // of the targets for which there is no room
}

// account returns the account of a target. There is always one.
func (b *Budget) account(target string) *account {
	if a := b.find(target); a != nil {
		return a
	}
	b.opening.Lock()
	defer b.opening.Unlock()
	if a := b.find(target); a != nil {
		return a // somebody was faster
	}
	return b.open(target)
}

func (b *Budget) find(target string) *account {
	all := b.accounts.Load()
	if all == nil {
		return nil
	}
	return (*all)[target]
}

// open gives a target an account, in the place of an idle one if there are too many.
func (b *Budget) open(target string) *account {
	all := make(map[string]*account)
	if old := b.accounts.Load(); old != nil {
		if len(*old) >= maxAccounts && b.swept == b.now() {
			return &b.others
		}
		all = maps.Clone(*old)
	}
	if len(all) >= maxAccounts {
		b.sweep(all)
	}
	a := &b.others
	if len(all) < maxAccounts {
		a = &account{tick: b.now()}
		all[target] = a
	}
	b.accounts.Store(&all)
	return a
}

// sweep closes the accounts that are idle, which loses nothing.
func (b *Budget) sweep(all map[string]*account) {
	b.swept = b.now()
	for target, a := range all {
		if a.idle(b) {
			a.closed.Store(true)
			delete(all, target)
		}
	}
}
