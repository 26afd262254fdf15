package slotredis

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/slot/book"
)

const (
	// quiet is how long a connection may be silent before the server is asked whether it is
	// still there, and how long it may take to say so.
	quiet = 2 * time.Second
	// noticeRoom is how many notices wait for a listener that is slow. What is lost then is
	// found out by its number.
	noticeRoom = 16
	// closeTime is how long Close waits for a session, which go-redis holds while it dials.
	closeTime = time.Second
)

var errClosed = errors.New("store was closed")

// hub is what those who listen in one store share: at most one session.
type hub struct {
	client  redis.UniversalClient
	mu      sync.Mutex
	session *session // nil when nobody listens
}

// session is one subscription connection. It ends when it breaks, or when nobody listens.
type session struct {
	hub       *hub
	listeners map[string]map[*listener]struct{} // by channel; under the hub's lock
	stale     map[string]bool                   // channels to be subscribed to or not; likewise
	kick      chan struct{}                     // there are stale channels
	stop      context.CancelCauseFunc
	err       error // why it ended; to be read after ended
	ended     chan struct{}
	closed    chan struct{} // its connection is
}

type listener struct {
	session *session
	channel string
	notices chan book.Notice
}

func (h *hub) join(channel string) *listener {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.session == nil {
		s := &session{
			hub: h, listeners: make(map[string]map[*listener]struct{}), stale: make(map[string]bool),
			kick: make(chan struct{}, 1), ended: make(chan struct{}), closed: make(chan struct{}),
		}
		var ctx context.Context
		ctx, s.stop = context.WithCancelCause(context.Background())
		h.session = s
		go s.run(ctx)
	}
	l := &listener{session: h.session, channel: channel, notices: make(chan book.Notice, noticeRoom)}
	if h.session.listeners[channel] == nil {
		h.session.listeners[channel] = make(map[*listener]struct{})
		h.session.refresh(channel)
	}
	h.session.listeners[channel][l] = struct{}{}
	return l
}

func (h *hub) leave(l *listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := l.session
	delete(s.listeners[l.channel], l)
	if len(s.listeners[l.channel]) > 0 {
		return
	}
	delete(s.listeners, l.channel)
	s.refresh(l.channel)
	if len(s.listeners) == 0 && h.session == s {
		h.session = nil
		s.stop(context.Canceled)
	}
}

// refresh has the session look at a channel. The lock is held.
func (s *session) refresh(channel string) {
	s.stale[channel] = true
	select {
	case s.kick <- struct{}{}:
	default: // it has been told already
	}
}

// run subscribes to what is listened for until the connection breaks or ctx ends.
func (s *session) run(ctx context.Context) {
	defer close(s.closed)
	sub := s.hub.client.Subscribe(ctx)
	var receiver sync.WaitGroup
	receiver.Go(func() { s.stop(s.receive(ctx, sub)) })
	subscribed := make(map[string]bool)
	for ctx.Err() == nil {
		select {
		case <-s.kick:
			if err := s.update(ctx, sub, subscribed); err != nil {
				s.stop(err)
			}
		case <-ctx.Done():
		}
	}
	s.end(context.Cause(ctx)) // before what may have to wait for a dial
	_ = sub.Close()           // it was for notices only
	receiver.Wait()
}

// end tells all listeners.
func (s *session) end(err error) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if s.hub.session == s {
		s.hub.session = nil
	}
	s.err = err
	close(s.ended)
}

// update brings subscribed up to date, here and at the server.
func (s *session) update(ctx context.Context, sub *redis.PubSub, subscribed map[string]bool) error {
	var add, remove []string
	s.hub.mu.Lock()
	for channel := range s.stale {
		_, wanted := s.listeners[channel]
		switch {
		case wanted && !subscribed[channel]:
			subscribed[channel] = true
			add = append(add, channel)
		case !wanted && subscribed[channel]:
			delete(subscribed, channel)
			remove = append(remove, channel)
		}
	}
	clear(s.stale)
	s.hub.mu.Unlock()
	if len(add) > 0 {
		if err := sub.Subscribe(ctx, add...); err != nil {
			return err
		}
	}
	if len(remove) > 0 {
		return sub.Unsubscribe(ctx, remove...)
	}
	return nil
}

// receive passes notices on until the connection breaks.
func (s *session) receive(ctx context.Context, sub *redis.PubSub) error {
	asked := false
	for {
		message, err := sub.ReceiveTimeout(ctx, quiet)
		var timeout net.Error
		switch {
		case err == nil:
			asked = false
		case asked || ctx.Err() != nil || !errors.As(err, &timeout) || !timeout.Timeout():
			return err
		default:
			if err := sub.Ping(ctx); err != nil {
				return err
			}
			asked = true
		}
		if m, ok := message.(*redis.Message); ok {
			s.pass(m)
		}
	}
}

// pass hands a notice to those who listen for it. What cannot be read was written by another
// version; the listeners find out by asking.
func (s *session) pass(m *redis.Message) {
	n, err := decodeNotice(m.Payload)
	if err != nil {
		return
	}
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	for l := range s.listeners[m.Channel] {
		select {
		case l.notices <- n:
		default:
		}
	}
}

func (h *hub) close() {
	h.mu.Lock()
	s := h.session
	h.session = nil // who joins from now on has another
	h.mu.Unlock()
	if s == nil {
		return
	}
	s.stop(errClosed)
	timeout := time.NewTimer(closeTime)
	defer timeout.Stop()
	select {
	case <-s.closed:
	case <-timeout.C:
	}
}
