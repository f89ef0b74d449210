-- KEYS: workers about_prefix
-- forgotten: ms until a worker is, most workers, bytes: most that one says of itself → {entries that are ignored, {worker,
-- ms, text} for each that gave a sign of life lately, the last one first}
-- Workers write all of this: names are read one by one, and no more of a text than it may have.
local now, bytes = wall(), args.bytes
local count = redis.call('ZCARD', WORKERS)
local ignored, found, index = math.max(0, count - args.most), {}, 0
for _ = 1, math.min(count, args.most) do
    local worker, at = unpack(redis.call('ZREVRANGE', WORKERS, index, index, 'WITHSCORES'))
    if math.abs(tonumber(at) - now) > args.forgotten then -- it is silent, or the clock has gone back
        redis.call('ZREM', WORKERS, worker)
    else
        index = index + 1
        local text = #worker <= bytes and redis.call('GETRANGE', ABOUT_PREFIX .. worker, 0, bytes)
        if text and #text <= bytes then
            found[#found + 1] = { worker, at, text }
        else
            ignored = ignored + 1
        end
    end
end
return { ignored, found }
