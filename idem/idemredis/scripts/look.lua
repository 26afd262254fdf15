-- Look, for one who waits: -> answer without what follows, or nothing when absent.
-- A running record is marked, so that its end is told.
local now = clock()
local r, bad = read()
if bad then
	return bad
end
if not r then
	return false
end
local s = state(r, now)
if s == PENDING and r.watched == 0 then
	redis.pcall('SETRANGE', key, WATCHED, '\1') -- pcall: without it, one polls
end
return answer(s, r, now, 0, '')
