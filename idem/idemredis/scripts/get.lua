-- Get, for operators: -> {answer with the reason, milliseconds to live, bytes of
-- fingerprint and result}, or nothing when absent. The result may be large and is not sent.
local now = clock()
local r, bad = read()
if bad then
	return bad
end
if not r then
	return false
end
local reason, size = '', r.prints
if r.state == UNKNOWN then
	reason = string.sub(r.value, HEADER + r.prints + 1)
elseif r.state == DONE then
	size = size + r.rest
end
return {answer(state(r, now), r, now, 0, reason), redis.call('PTTL', key), size}
