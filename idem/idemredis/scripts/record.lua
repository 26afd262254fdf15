-- How a record is kept. This text stands in front of every script.
--
-- A record is one string: a header of fixed size, the fingerprint, and then the result
-- of a done record or the reason of an unknown one. Times are this server's, in
-- microseconds; a Lua number holds them exactly until the year 2255.
local key = KEYS[1]
local VERSION = 1
local PENDING, DONE, UNKNOWN = 'P', 'D', 'U'
-- version, state, watched, owner, fence, attempt, since, end of the lease, lifetime,
-- length of the fingerprint, length of what follows it
local LAYOUT = '>Bc1Bc16c8I4I8I8I8I4I4'
local HEADER = 63
local WATCHED, LEASE = 2, 39 -- offsets of what is changed in place
-- ROOM, in bytes: fingerprint and result together that always find room. script.go sets it.

-- What a step says besides an answer; the order is that of outcome in script.go.
local OK, FENCED, LOST, NOT_UNKNOWN = 0, 1, 2, 3

local function clock()
	local t = redis.call('TIME')
	return t[1] * 1000000 + t[2]
end

local function milliseconds(d)
	return math.ceil(d / 1000)
end

-- read returns the record, nil when there is none, or nil and an error reply: what cannot
-- be read is never taken for nothing.
local function read()
	local value = redis.call('GET', key)
	if not value then
		return nil
	end
	if string.byte(value) ~= VERSION then
		return nil, {err = 'IDEMRECORD version ' .. (string.byte(value) or 'missing')}
	end
	if #value < HEADER then
		return nil, {err = 'IDEMRECORD header cut short'}
	end
	local _, state, watched, owner, fence, attempt, since, lease, ttl, prints, rest = struct.unpack(LAYOUT, value)
	if state ~= PENDING and state ~= DONE and state ~= UNKNOWN then
		return nil, {err = 'IDEMRECORD state ' .. string.byte(state)}
	end
	if #value ~= HEADER + prints + rest then
		return nil, {err = 'IDEMRECORD length ' .. #value}
	end
	return {
		state = state, watched = watched, owner = owner, fence = fence, attempt = attempt,
		since = since, lease = lease, ttl = ttl, prints = prints, rest = rest, value = value,
	}
end

local function fingerprintOf(r)
	return string.sub(r.value, HEADER + 1, HEADER + r.prints)
end

-- write stores the record for a lifetime. Nobody watches it in its new state yet.
local function write(r, fingerprint, rest, lifetime)
	local head = struct.pack(LAYOUT, VERSION, r.state, 0, r.owner, r.fence, r.attempt,
		r.since, r.lease, r.ttl, #fingerprint, #rest)
	redis.call('SET', key, head .. fingerprint .. rest, 'PX', milliseconds(lifetime))
end

-- makeRoom lets the script write although memory is full. A server refuses the first
-- write of a script that needs memory, and none after one that does not: PEXPIRE.
local function makeRoom(lifetime)
	redis.call('PEXPIRE', key, milliseconds(lifetime))
end

-- renew starts a lease and moves the record's end, which outlives it.
local function renew(r, now, lease)
	r.lease = now + lease
	makeRoom(lease + r.ttl)
	redis.call('SETRANGE', key, LEASE, struct.pack('>I8', r.lease))
end

-- finish makes the record done.
local function finish(r, now, fingerprint, result, ttl)
	if #fingerprint + #result <= ROOM then
		makeRoom(ttl)
	end
	r.state, r.since, r.lease, r.ttl = DONE, now, 0, ttl
	write(r, fingerprint, result, ttl)
end

-- tell hints to those who wait that the record is no longer what read returned. Nobody
-- waits for most records, and for those it costs nothing. pcall: a user who may not publish
-- has waiters that poll.
local function tell(r)
	if r.watched == 1 then
		redis.pcall('PUBLISH', key, '')
	end
end

-- state reads a lapsed lease as unknown.
local function state(r, now)
	if r.state == PENDING and r.lease <= now then
		return UNKNOWN
	end
	return r.state
end

-- answer packs what Go reads as reply: the state, the header's figures, how much of what
-- follows is the fingerprint, and what follows.
local function answer(s, r, now, prints, rest)
	local left = 0
	if r.state == PENDING then
		left = math.max(r.lease - now, 0)
	end
	return struct.pack('>c1c8I4I8I8I4', s, r.fence, r.attempt, math.max(now - r.since, 0), left, prints) .. rest
end
