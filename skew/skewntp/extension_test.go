package skewntp_test

import (
	"bytes"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/goaroundhq/goaround/skew"
	"github.com/goaroundhq/goaround/skew/skewntp"
	"github.com/goaroundhq/goaround/skew/skewtest"
)

// seal is an extension that counts what passes it.
type seal struct {
	queries, answers atomic.Int64
	broken           error
}

func (s *seal) ProcessQuery(*bytes.Buffer) error {
	s.queries.Add(1)
	return nil
}

func (s *seal) ProcessResponse([]byte) error {
	s.answers.Add(1)
	return s.broken
}

func TestExtensionsSeeQueryAndAnswer(t *testing.T) {
	t.Parallel()
	server := skewtest.NewServer(t, nil)
	good, broken := &seal{}, &seal{broken: errors.New("wrong seal")}
	if _, err := measure(t, skewntp.New(server.Addr(), skewntp.WithExtensions(good)), skew.NewLocal(nil)); err != nil {
		t.Error(err)
	}
	if _, err := measure(t, skewntp.New(server.Addr(), skewntp.WithExtensions(good, broken)), skew.NewLocal(nil)); !errors.Is(err, broken.broken) {
		t.Errorf("error = %v", err)
	}
	if good.queries.Load() != 2 || good.answers.Load() != 1 || broken.answers.Load() != 1 {
		t.Errorf("%d queries, %d answers; a broken one sees %d", good.queries.Load(), good.answers.Load(), broken.answers.Load())
	}
}
