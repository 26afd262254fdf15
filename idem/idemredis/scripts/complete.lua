-- Complete: owner, lifetime, fence, attempt, fingerprint, result -> outcome
local owner, ttl, fingerprint, result = ARGV[1], tonumber(ARGV[2]), ARGV[5], ARGV[6]

local now = clock()
local r, bad = read()
if bad then
	return bad
end
if r and r.owner ~= owner then
	return FENCED
end
if r and r.state == DONE then
	-- The first result stays. The write changes nothing, and is there for those who wait
	-- until replicas have what was written.
	redis.call('PEXPIRE', key, redis.call('PTTL', key))
	return OK
end
if not r then -- forgotten meanwhile, and nobody else came
	r = {owner = owner, fence = ARGV[3], attempt = tonumber(ARGV[4])}
end
finish(r, now, fingerprint, result, ttl)
tell(r)
return OK
