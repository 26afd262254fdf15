-- Extend: owner, lease -> outcome
local owner, lease = ARGV[1], tonumber(ARGV[2])

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
if r.state ~= PENDING then
	return LOST
end
renew(r, clock(), lease)
return OK
