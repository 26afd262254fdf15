-- One ask: load the book, let the rules answer, save it, and tell all if there is news.
-- Everything is packed doubles; what comes in is in the order of encodeAsk in codec.go.
-- script.go sets CLOCK.
local key = KEYS[1]

-- The fields of a book as it is kept; with other ones bookKind must change.
local FIELDS = {
	'mode', 'seq', 'epoch', 'last', 'begun', 'heard', 'rate', 'good', 'free', 'late', 'head', 'tail', 'busy',
	'ok', 'rejected', 'failed', 'took', 'base', 'guess', 'prev', 'wild', 'wary', 'vain', 'was',
	'clean', 'fails', 'success', 'probe', 'taken', 'streak', 'spare', 'spareAt',
}
local LAYOUT = '>' .. string.rep('d', #FIELDS)
local SIZE = 8 * #FIELDS

local function load()
	local b = {}
	local value = redis.call('GET', key)
	if not value then
		for _, name in ipairs(FIELDS) do
			b[name] = 0
		end
		return b
	end
	if #value ~= SIZE then
		return nil
	end
	local fields = {struct.unpack(LAYOUT, value)}
	for i, name in ipairs(FIELDS) do
		b[name] = fields[i]
	end
	return b
end

local function save(b)
	local fields = {}
	for i, name in ipairs(FIELDS) do
		fields[i] = b[name]
	end
	redis.call('SET', key, struct.pack(LAYOUT, unpack(fields)), 'PX', ARGV[2])
end

local function count(n) return min(max(n, 0), maxCount) end

local function span(us) return min(max(us, 0), maxMicros) end

-- lawful reads an ask, of which nothing can spoil a book.
local function lawful(packed)
	local prior, waiting, new, want, ticket, back, backAt, epoch, ok, rejected, failed,
		oldOK, oldRejected, oldFailed, latency, since, probed = struct.unpack('>' .. string.rep('d', 17), packed)
	if not (ticket >= 1 and ticket <= farthest) then -- not a number is neither
		ticket = 0
	end
	return prior, {
		waiting = count(waiting), new = count(new), want = count(want), ticket = floor(ticket),
		back = count(back), backAt = span(backAt), epoch = epoch,
		ok = count(ok), rejected = count(rejected), failed = count(failed),
		oldOK = count(oldOK), oldRejected = count(oldRejected), oldFailed = count(oldFailed),
		latency = span(latency), since = span(since), probed = probed,
	}
end

local b = load()
if not b then
	return redis.error_reply('SLOTBOOK cannot be read')
end
local prior, a = lawful(ARGV[1])
local now = CLOCK
local out = answer(b, prior, now, a)
save(b)
-- The order of decodeNotice.
local notice = struct.pack('>ddddddddd', b.seq, b.mode, b.epoch, b.rate, b.head, out.ahead, b.tail, out.next, out.open)
if out.push == 1 then
	redis.pcall('PUBLISH', key, notice) -- without the right to it, members ask more often
end
-- The order of decodeAnswer.
return notice .. struct.pack('>ddddddd', out.slots, out.first, out.step, out.probe, out.ticket, out.again, out.push)
