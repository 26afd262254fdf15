package slotredis

import (
	_ "embed"
	"strings"

	"github.com/redis/go-redis/v9"
)

var (
	//go:embed scripts/rate.lua
	rateLua string
	//go:embed scripts/turns.lua
	turnsLua string
	//go:embed scripts/ask.lua
	askLua string
)

// bookKind is what keys and channels of this version of the script begin with after the
// prefix. Another version has other books and notices, and processes of both can run side by
// side: they only do not take turns with each other.
const bookKind = "2:"

// serverClock reads the server's time in microseconds.
const serverClock = `(function() local t = redis.call('TIME') return t[1] * 1000000 + t[2] end)()`

var askScript = newScript(serverClock)

// newScript makes the script of an ask with a Lua expression for the time.
func newScript(clock string) *redis.Script {
	return redis.NewScript(rateLua + turnsLua + strings.Replace(askLua, "= CLOCK\n", "= "+clock+"\n", 1))
}
