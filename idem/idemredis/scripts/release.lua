-- Release: owner -> outcome
local owner = ARGV[1]

local r, bad = read()
if bad then
	return bad
end
if not r then
	return OK
end
if r.owner ~= owner then
	return FENCED
end
if r.state ~= PENDING then
	return LOST
end
redis.call('DEL', key)
tell(r)
return OK
