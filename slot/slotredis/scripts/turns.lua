-- The rules of package book, second part: who may go when, and what all may know.

local function number(b, a, out)
	if a.ticket >= b.tail and a.ticket - b.tail < maxCount then
		b.head, b.tail = a.ticket, a.ticket + 1
	end
	if a.new > 0 then
		out.ticket = b.tail
		b.tail = b.tail + a.new
	end
end

local function pass(b, now)
	local gap = now - b.free
	if gap <= 0 then
		return
	end
	b.head = min(b.tail, b.head + skip * gap / step(b))
	b.free = now
end

local function appoint(b, now, at, a, out)
	at = max(at, b.late)
	if at - now > patience then
		at = now
	end
	local batch = min(a.want, max(1, floor((horizon - lead) / step(b))))
	b.late = at + batch * step(b)
	out.again = max(1, floor(at - now))
end

local function takeBack(b, now, a)
	local at = now + a.backAt
	local given = floor((b.free - at) / step(b))
	if a.back > 0 and given > 0 then
		b.spare, b.spareAt = min(a.back, given), at
	end
end

local function reuse(b, now, a, out)
	local width = max(1, floor(step(b)))
	if b.spare > 0 and b.spareAt <= now then
		local over = min(b.spare, floor((now - b.spareAt) / width) + 1)
		b.spare = b.spare - over
		b.spareAt = b.spareAt + over * width
	end
	b.spare = min(b.spare, max(0, floor((b.free - b.spareAt) / width)))
	local room = horizon - (b.spareAt - now)
	if b.spare == 0 or room < 0 then
		return false
	end
	local n = min(b.spare, a.want, floor(room / width) + 1)
	out.slots, out.first, out.step = n, b.spareAt - now, width
	b.spare = b.spare - n
	b.spareAt = b.spareAt + n * width
	return true
end

local function grant(b, now, a, out)
	if a.want == 0 or reuse(b, now, a, out) then
		return
	end
	local ticket = a.ticket
	if ticket == 0 or ticket >= b.tail then
		ticket = out.ticket
	end
	local at, width = start(b, now), step(b)
	local ahead = at - now
	local room = horizon - ahead
	if b.mode == CLEAR then
		room = room + breath
	end
	local early = ticket - b.head > horizon / width + leap
	if room < 0 or (early and b.free > now) then
		b.busy = now
		if not early then
			appoint(b, now, at - lead, a, out)
		end
		return
	end
	local n = min(a.want, floor(room / width) + 1)
	if a.waiting > n or b.free - now > near then
		b.busy = now
	end
	out.slots, out.first, out.step = n, floor(ahead), floor(width)
	b.free = at + n * width
	if not early then
		b.head = max(b.head, min(ticket + n, b.tail))
	end
end

local function settle(b, now)
	if b.mode == CLEAR or b.head < b.tail or now - b.busy < calm or now - b.begun < calm then
		return
	end
	b.mode, b.begun = CLEAR, now
	b.clean, b.fails = 0, 0
	renew(b)
end

local function interval(b, now)
	return min(max(floor(probeShare * (now - b.begun)), probeLeast), probeMost)
end

local function probe(b, now, a, out)
	local own = a.probed == 1 and b.taken == 1
	if own or now - b.probe > overdue then
		b.taken = 0
	end
	if own and now >= b.probe then
		b.probe = now + interval(b, now)
	end
	if b.taken == 1 or a.waiting == 0 then
		return
	end
	if not own then
		b.streak = 0
	elseif b.streak >= min(probeTurns, a.waiting) then
		return
	end
	b.taken, b.probe = 1, max(b.probe, now)
	b.streak = b.streak + 1
	out.slots, out.probe, out.first = 1, 1, b.probe - now
end

local function tell(b, now, news, was, out)
	local waits = b.mode ~= CLEAR or b.head < b.tail
	if (news and (waits or was ~= CLEAR)) or (waits and now - b.heard >= heartbeat) then
		b.seq = b.seq + 1
		b.heard = now
		out.push = 1
	end
	if b.mode == DOWN then
		out.ahead = max(b.probe - now, 0)
		out.next = out.ahead + silence
		out.open = b.taken == 0 and 1 or 0
		return
	end
	out.ahead, out.next = floor(start(b, now) - now), silence
end

-- answer is Step.
local function answer(b, prior, now, a)
	local out = {slots = 0, first = 0, step = 0, probe = 0, ticket = 0, again = 0, push = 0, open = 0}
	now = min(max(now, -farthest), farthest)
	follow(b, prior, now)
	local mode, epoch, taken = b.mode, b.epoch, b.taken
	report(b, prior, now, a)
	number(b, a, out)
	if b.mode == DOWN then
		probe(b, now, a, out)
	else
		takeBack(b, now, a)
		pass(b, now)
		grant(b, now, a, out)
		settle(b, now)
	end
	local news = b.mode ~= mode or b.epoch ~= epoch or
		(b.mode == DOWN and (a.probed == 1 or b.taken ~= taken))
	tell(b, now, news, mode, out)
	b.last = now
	return out
end
