package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	_ "modernc.org/sqlite"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemredis"
	"github.com/goaroundhq/goaround/idem/idemsql"
)

// storeFlags say where the records are.
type storeFlags struct {
	Store  string `env:"IDEM_STORE" placeholder:"URL" help:"The store: redis://, rediss://, unix://, redis+cluster://, redis+sentinel://, postgres://, or sqlite:PATH."`
	Prefix string `placeholder:"TEXT" help:"What is in front of the keys in Redis, as in idemredis.WithPrefix."`
	Table  string `placeholder:"NAME" help:"The table in a database, as in idemsql.WithTable."`
}

// open opens the store. It need not talk to a server for that.
func (f storeFlags) open() (admin idem.Admin, closeStore func() error, err error) {
	closeStore = nothingToClose
	defer func() {
		// Options panic at mistakes of programmers; here they are those of the user.
		if p := recover(); p != nil {
			text, ok := p.(string)
			if !ok {
				panic(p)
			}
			err = usageError{errors.New(text)}
		}
	}()
	scheme, rest, ok := strings.Cut(f.Store, ":")
	switch base, variant, _ := strings.Cut(scheme, "+"); {
	case f.Store == "":
		err = errors.New("no store: give its URL with --store or in IDEM_STORE")
	case !ok, base != "sqlite" && !strings.HasPrefix(rest, "//"):
		err = errors.New("the store is no URL such as redis://localhost:6379 or sqlite:orders.db")
	case f.Table != "" && redisScheme(base):
		err = errors.New("--table is for a database, and the store is Redis: its flag is --prefix")
	case f.Prefix != "" && !redisScheme(base):
		err = errors.New("--prefix is for Redis, and the store is a database: its flag is --table")
	case redisScheme(base):
		return f.openRedis(variant, base+":"+rest)
	case scheme == "postgres" || scheme == "postgresql":
		return f.openPostgres()
	case scheme == "sqlite":
		return f.openSQLite(rest)
	default:
		err = fmt.Errorf("no store has URLs that begin with %q", scheme+":")
	}
	return nil, closeStore, usageError{err}
}

func nothingToClose() error { return nil }

func redisScheme(s string) bool { return s == "redis" || s == "rediss" || s == "unix" }

func (f storeFlags) openRedis(variant, address string) (idem.Admin, func() error, error) {
	var opts []idemredis.Option
	if f.Prefix != "" {
		opts = append(opts, idemredis.WithPrefix(f.Prefix))
	}
	logging.Disable() // its errors come back, and are said once
	client, err := redisClient(variant, address)
	if err != nil {
		return nil, nothingToClose, usageError{fmt.Errorf("URL of the store: %w", withoutURL(err))}
	}
	return idemredis.New(client, opts...), client.Close, nil
}

// redisClient makes a client that does not try for long: there is somebody who can.
func redisClient(variant, address string) (redis.UniversalClient, error) {
	switch variant {
	case "":
		o, err := redis.ParseURL(address)
		if err != nil {
			return nil, err
		}
		o.DialerRetries = 1
		return redis.NewClient(o), nil
	case "cluster":
		o, err := redis.ParseClusterURL(address)
		if err != nil {
			return nil, err
		}
		o.DialerRetries = 1
		return redis.NewClusterClient(o), nil
	case "sentinel":
		o, err := redis.ParseFailoverURL(address)
		if err != nil {
			return nil, err
		}
		if o.MasterName == "" {
			return nil, errors.New("the Sentinels need ?master_name=NAME")
		}
		o.DialerRetries = 1
		return redis.NewFailoverClient(o), nil
	default:
		return nil, fmt.Errorf("+%s: must be redis+cluster or redis+sentinel", variant)
	}
}

// withoutURL leaves the URL out of an error, because there may be a password in it.
func withoutURL(err error) error {
	var parse *url.Error
	if errors.As(err, &parse) {
		return parse.Err
	}
	return err
}

func (f storeFlags) openPostgres() (idem.Admin, func() error, error) {
	config, err := pgx.ParseConfig(f.Store)
	if err != nil {
		return nil, nothingToClose, usageError{fmt.Errorf("URL of the store: %w", err)}
	}
	opts := f.table()
	db := stdlib.OpenDB(*config)
	return idemsql.New(db, idemsql.PostgreSQL, opts...), db.Close, nil
}

// openSQLite opens a file that is there: a tool makes no empty database where a path is
// misspelt. It leaves the journal mode to the service.
func (f storeFlags) openSQLite(path string) (idem.Admin, func() error, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, nothingToClose, fmt.Errorf("database of the store: %w", err)
	}
	opts := f.table()
	escaped := (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
	db, err := sql.Open("sqlite", "file:"+escaped+"?mode=rw&_txlock=immediate&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, nothingToClose, err
	}
	return idemsql.New(db, idemsql.SQLite, opts...), db.Close, nil
}

func (f storeFlags) table() []idemsql.Option {
	if f.Table == "" {
		return nil
	}
	return []idemsql.Option{idemsql.WithTable(f.Table)}
}
