-- The rules of package book, first part: the book, and what attempts say about the rate.
--
-- It is the same arithmetic in the same order, in doubles, which hold all its integers
-- exactly. Functions have the names that they have there, and so have the fields of b, the
-- book; a, the ask; and out, the answer. The reasons are written there. A test compares
-- every answer and every book of both, to the last bit.
local CLEAR, DOWN, RAMP, PACED = 0, 1, 2, 3

local second = 1000000
local slowest, fastest, unproven = 1, 1000000, 20
local horizon, lead, near, leap, skip = 120000, 60000, 30000, 10, 4
local patience, breath = 2000000, 50000
local outage, quiet, quietMost = 5, 250000, 10000000
local probeShare, probeLeast, probeMost, overdue, probeTurns = 0.025, 250000, 5000000, 1000000, 8
local window, fewest, roundShare, roundMost = 12, 4, 0.15, 200
local rampStep, rampSteps, rampPause, rampMost, unsure = 0.05, 3, 4, 10, 4
local steepest = 0.15 -- rampStep * rampSteps, which Go computes exactly
local regain, cruise = 0.1, 0.002
local tolerated, deepest, mostly, midway = 0.02, 0.5, 0.667, 0.3
local risen, long, eased, easedMost = 0.12, 0.25, 0.97, 0.85
local chance, recent, luck, wary, queued = 1.5, 0.25, 40, 30, 1
local relaxed, lucky, trusted, idle = 1.001, 0.1, 1.25, 500000
local heartbeat, silence, calm = 500000, 1000000, 1000000
local maxCount, maxMicros, farthest = 1000000, 3600000000, 4503599627370496

local min, max, floor = math.min, math.max, math.floor

local function bounded(rate) return min(max(rate, slowest), fastest) end

-- startRate is start of the rules.
local function startRate(prior)
	if prior > 0 then
		return bounded(prior)
	end
	return 0
end

local function step(b) return second / b.rate end

local function start(b, now)
	if b.mode == CLEAR then
		now = now + breath
	end
	return max(b.free, now)
end

local function round(b) b.ok, b.rejected, b.failed, b.took = 0, 0, 0, 0 end

local function renew(b)
	b.epoch = b.epoch + 1
	round(b)
end

local function enter(b, mode, now)
	b.mode, b.begun = mode, now
	b.clean, b.fails, b.spare, b.wary = 0, 0, 0, 0
	b.vain, b.was = 0, 0
	b.free, b.late = now, now
	renew(b)
end

local function open(b, prior, now)
	b.seq = max(1, floor(now / 1000))
	b.epoch = b.seq
	b.last, b.begun, b.heard, b.busy = now, now, now, now
	b.success = now - maxMicros
	b.head, b.tail = 1, 1
	b.free, b.late = now, now
	b.rate = startRate(prior)
	if b.rate == 0 then
		b.rate = unproven
	end
end

local function follow(b, prior, now)
	if b.seq == 0 then
		open(b, prior, now)
	end
	local back = b.last - now
	if back <= 0 then
		return
	end
	for _, name in ipairs({'begun', 'heard', 'busy', 'success', 'probe', 'spareAt', 'free', 'late'}) do
		b[name] = max(b[name] - back, now - maxMicros)
	end
end

local function limited(b, good)
	b.clean = 0
	if b.mode ~= CLEAR then
		b.mode, b.good = PACED, good
	end
end

local function doubt(b, share, was)
	b.vain, b.was = 0, 0
	if b.mode ~= CLEAR and share <= mostly then
		b.vain, b.was = share, was
	end
end

local function cut(b, prior, share)
	local was = b.rate
	b.rate = max(slowest, was * max(deepest, 1 - share))
	if b.mode == CLEAR then
		b.rate = max(b.rate, min(was, max(unproven, startRate(prior))))
	end
	doubt(b, share, was)
	limited(b, b.rate + midway * (was - b.rate))
	renew(b)
end

local function byChance(b)
	if b.wary > 0 then
		return 0
	end
	return b.wild
end

local function relax(b) b.base = b.base * (relaxed + lucky * byChance(b)) end

local function hold(b)
	local clean = floor(b.clean / 2)
	if b.mode == RAMP and b.clean > 0 then
		b.clean = 0
	else
		limited(b, max(b.good, b.rate))
		relax(b)
		b.clean = clean
	end
	round(b)
end

local function ease(b)
	local good = b.good
	if good == 0 then
		good = b.rate
	end
	b.rate = max(eased * b.rate, min(b.rate, easedMost * good), slowest)
	relax(b)
	limited(b, good)
	renew(b)
end

local function queue(b) return b.rate * (b.prev - b.base) / second end

local function growth(b)
	if b.mode == PACED and b.rate < b.good then
		return regain, b.good
	end
	b.clean = min(b.clean + 1, 100)
	if b.mode == PACED and b.wary == 0 and b.clean > 1 and queue(b) < queued then
		return steepest, fastest
	end
	if b.mode == PACED then
		return min(steepest, cruise * (b.clean * b.clean)), fastest
	end
	return rampStep * max(min(b.clean, rampSteps), min(b.clean - rampPause, rampMost)), fastest
end

local function grow(b, excess)
	local by, most = growth(b)
	by = by * min(1, (risen - excess) / risen)
	b.rate = bounded(min(b.rate + b.rate * by, most))
	renew(b)
end

local function differ(b, mean)
	if b.prev > 0 then
		local d = min(1, 2 * max(0, b.prev - mean) / b.base)
		b.wild = b.wild + (d - b.wild) * recent
	end
	b.prev = mean
end

local function compare(b, mean, n)
	mean = max(mean, 1)
	if b.guess == 1 then
		b.base, b.guess = min(max(mean, b.base), trusted * b.base), 0
	elseif b.base == 0 then
		b.base = mean
	elseif mean < b.base then
		b.base = b.base + (mean - b.base) * min(0.5, n / (n + luck))
	end
	differ(b, mean)
	if b.mode == PACED and b.wary == 0 and queue(b) < queued then
		return 0
	end
	return mean / b.base - 1 - chance * byChance(b)
end

local function watch(b, n, refused)
	b.wary = max(b.wary - max(1, floor(n / (b.rate * roundShare))), 0)
	if refused > 0 and b.vain == 0 then
		b.wary = wary
	end
end

local function slow(b)
	return queue(b) >= queued and b.prev / b.base - 1 - chance * b.wild > risen
end

local function full(b, share)
	if share <= tolerated then
		b.vain, b.was = 0, 0
		return false
	elseif b.vain == 0 or slow(b) then
		return true
	elseif b.was > 0 then
		return share < max(b.vain / 2, 1.5 * b.vain - deepest)
	end
	return share > 1.5 * b.vain
end

local function undo(b)
	b.mode, b.rate, b.was = RAMP, b.was, 0
	b.good = max(b.good, b.rate)
	b.wary = 0
	renew(b)
end

local function judge(b, prior, now)
	local refused = b.rejected
	if b.failed > b.ok + b.rejected then
		refused = refused + b.failed
	end
	local n = b.ok + refused
	if b.ok == 0 or n < fewest or n < min(b.rate * roundShare, roundMost) then
		return
	end
	watch(b, n, refused)
	local excess = compare(b, b.took / b.ok, b.ok)
	local share = refused / n
	if full(b, share) then
		cut(b, prior, share)
	elseif b.was > 0 and share > tolerated then
		undo(b)
	elseif now - b.busy > max(idle, 2 * step(b)) then
		round(b)
	elseif excess > long then
		ease(b)
	elseif excess > risen then
		hold(b)
	else
		grow(b, max(excess, 0))
	end
end

local function recover(b, prior, now, latency)
	enter(b, RAMP, now)
	b.busy = now
	b.base, b.guess = max(latency, 1), 1
	local cautious = bounded(window * second / max(b.base, horizon))
	if b.good > 0 then
		b.rate = b.good
	elseif startRate(prior) > 0 then
		b.rate = startRate(prior)
	else
		b.rate = cautious
	end
	if b.rate <= cautious then
		b.clean = unsure
	end
end

local function fell(b, now, rejected, failed, a)
	if now - b.success <= min(max(quiet, floor(2 * b.base)), quietMost) then
		b.fails = 0
		return false
	end
	b.fails = b.fails + rejected + failed
	if b.mode == CLEAR then
		b.fails = b.fails + a.oldRejected + a.oldFailed
	end
	return b.fails >= outage
end

local function serve(b, now, since, ok)
	local served = b.success
	if since > 0 then
		served = now - since
	elseif ok > 0 then
		served = now
	end
	if served > b.success then
		b.success, b.fails = served, 0
	end
end

local function report(b, prior, now, a)
	local ok, rejected, failed = a.ok, a.rejected, a.failed
	if b.mode ~= CLEAR and a.epoch ~= b.epoch then
		ok, rejected, failed = 0, 0, 0
	end
	serve(b, now, a.since, ok)
	if b.mode == DOWN then
		if ok > 0 then
			recover(b, prior, now, a.latency)
		end
		return
	end
	if fell(b, now, rejected, failed, a) then
		enter(b, DOWN, now)
		b.probe, b.taken, b.streak = now + probeLeast, 0, 0
		return
	end
	b.ok = b.ok + ok
	b.took = b.took + a.latency * ok
	if b.ok > 0 then
		b.rejected, b.failed = b.rejected + rejected, b.failed + failed
	end
	judge(b, prior, now)
end
