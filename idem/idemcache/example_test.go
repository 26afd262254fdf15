package idemcache_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/redis/go-redis/v9"

	"github.com/goaroundhq/goaround/idem"
	"github.com/goaroundhq/goaround/idem/idemcache"
	"github.com/goaroundhq/goaround/idem/idemredis"
	"github.com/goaroundhq/goaround/idem/idemseal"
	"github.com/goaroundhq/goaround/server"
)

// Records are sealed in Redis, and repetitions are answered from this process's memory.
func Example() {
	client := redis.NewClient(&redis.Options{Addr: "localhost:6379", ContextTimeoutEnabled: true})
	defer client.Close()
	secret, err := base64.StdEncoding.DecodeString(os.Getenv("RECORD_SECRET")) // 32 bytes
	if err != nil {
		fmt.Println(err)
		return
	}
	customer := func(r *http.Request) (idem.Scope, error) {
		user, _, ok := r.BasicAuth()
		if !ok {
			return "", errors.New("not logged in")
		}
		return idem.Scope(user), nil
	}

	store := idemcache.New(idemseal.New(idemredis.New(client), idemseal.Key{ID: 1, Secret: secret}))
	once := server.New(store, server.WithScope(customer))

	http.Handle("POST /orders", once(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ordered")
	})))
}
