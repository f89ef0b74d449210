#!lua flags=no-writes
-- KEYS: workers about_prefix
-- forgotten: ms until a worker is, most workers, bytes: most that one says of itself → named: ignored: how many entries;
-- found: each that gave a sign of life lately, the last one first, as worker, ms and text by names
-- Workers write all of this: names are read one by one, and no more of a text than it may have.
local now, bytes = wall(), args.bytes
local count = redis.call('ZCARD', WORKERS)
local ignored, found = math.max(0, count - args.most), {}
for index = 0, math.min(count, args.most) - 1 do
    local worker, at = unpack(redis.call('ZREVRANGE', WORKERS, index, index, 'WITHSCORES'))
    if math.abs(tonumber(at) - now) <= args.forgotten then -- else it is silent, or the clock has gone back
        local text = #worker <= bytes and redis.call('GETRANGE', ABOUT_PREFIX .. worker, 0, bytes)
        if text and #text <= bytes then
            found[#found + 1] = { 'worker', worker, 'at', at, 'text', text }
        else
            ignored = ignored + 1
        end
    end
end
return { 'ignored', ignored, 'found', found }
