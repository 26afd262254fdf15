package idem

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// AdminOf returns s as an [Admin] or, when it is none, one that returns
// errors.ErrUnsupported. It is for stores that wrap s.
func AdminOf(s Store) Admin {
	if a, ok := s.(Admin); ok {
		return a
	}
	return lacking{s}
}

// WaiterOf returns s as a [Waiter], likewise.
func WaiterOf(s Store) Waiter {
	if w, ok := s.(Waiter); ok {
		return w
	}
	return lacking{s}
}

// lacking stands for optional interfaces that a store lacks.
type lacking struct{ store Store }

func (l lacking) err(what string) error {
	return fmt.Errorf("idem: %T cannot %s: %w", l.store, what, errors.ErrUnsupported)
}

func (l lacking) Wait(context.Context, ID) error { return l.err("wait") }

func (l lacking) Get(context.Context, ID) (Info, error) { return Info{}, l.err("get") }

func (l lacking) Resolve(context.Context, ID, Resolution) error { return l.err("resolve") }

func (l lacking) Purge(context.Context, ID) error { return l.err("purge") }

func (l lacking) Scan(context.Context) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) { yield(Info{}, l.err("scan")) }
}
