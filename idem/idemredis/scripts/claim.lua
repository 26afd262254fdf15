-- Claim: owner, lease, lifetime, take over (1 or 0), fingerprint -> answer
local owner, lease, ttl, fingerprint = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[5]
local takeOver = ARGV[4] == '1'
local ACQUIRED = 'A'

local now = clock()
local r, bad = read()
if bad then
	return bad
end

if not r then
	r = {
		state = PENDING, owner = owner, fence = struct.pack('>I8', now), attempt = 1,
		since = now, lease = now + lease, ttl = ttl,
	}
	write(r, fingerprint, '', lease + ttl)
	return answer(ACQUIRED, r, now, #fingerprint, fingerprint)
end

if r.state == DONE then
	return answer(DONE, r, now, r.prints, string.sub(r.value, HEADER + 1))
end

local kept = fingerprintOf(r)
if r.state == PENDING and r.owner == owner then
	renew(r, now, lease)
	return answer(ACQUIRED, r, now, #kept, kept)
end

local same = kept == '' or fingerprint == '' or kept == fingerprint
if takeOver and same and state(r, now) == UNKNOWN then
	if kept == '' then
		kept = fingerprint
	end
	local fence = math.max(struct.unpack('>I8', r.fence) + 1, now)
	r.state, r.owner, r.fence, r.attempt = PENDING, owner, struct.pack('>I8', fence), r.attempt + 1
	r.since, r.lease, r.ttl = now, now + lease, ttl
	makeRoom(lease + ttl) -- nothing new is kept
	write(r, kept, '', lease + ttl)
	tell(r)
	return answer(ACQUIRED, r, now, #kept, kept)
end

return answer(state(r, now), r, now, #kept, kept)
