package drivertest

import (
	"testing"
	"time"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemsql"
	"github.com/goaroundhq/goaround/idem/idemtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d database) {
		one := migrated(t, d.open(t), d.dialect)
		idemtest.Run(t, idemtest.Target{
			Open: func(t *testing.T) idem.Store {
				if d.dialect == idemsql.SQLite {
					return migrated(t, d.open(t), d.dialect) // not all behind one writer
				}
				return one
			},
			Unit:     200 * time.Millisecond,
			Parallel: true,
		})
	})
}
