-- Abandon: owner, reason -> outcome
local owner, reason = ARGV[1], ARGV[2]

local r, bad = read()
if bad then
	return bad
end
if not r then
	return LOST
end
if r.owner ~= owner then
	return FENCED
end
if r.state == DONE then
	return LOST
end
if r.state == PENDING then
	r.state = UNKNOWN
	makeRoom(r.ttl)
	write(r, fingerprintOf(r), reason, r.ttl)
	tell(r)
end
return OK
