-- Resolve: "D" or "" (done or absent), lifetime, fingerprint, result -> outcome
local ttl, fingerprint, result = tonumber(ARGV[2]), ARGV[3], ARGV[4]
local done = ARGV[1] == DONE

local now = clock()
local r, bad = read()
if bad then
	return bad
end
if not r then
	return LOST
end
if state(r, now) ~= UNKNOWN then
	return NOT_UNKNOWN
end
if done then
	finish(r, now, fingerprint, result, ttl)
else
	redis.call('DEL', key)
end
tell(r)
return OK
