-- KEYS: register. ARGV: prefix of what workers say of themselves, ms until one is forgotten, most workers, most bytes.
-- → {entries that are ignored, {worker, ms, text} for each that gave a sign of life lately, the last one first}
-- Workers write all of this: names are read one by one, and no more of a text than it may have.
local prefix, forgotten, most, bytes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local count = redis.call('ZCARD', KEYS[1])
local ignored, found, index = math.max(0, count - most), {}, 0
for _ = 1, math.min(count, most) do
    local worker, at = unpack(redis.call('ZREVRANGE', KEYS[1], index, index, 'WITHSCORES'))
    if math.abs(tonumber(at) - now) > forgotten then -- it is silent, or the clock has gone back
        redis.call('ZREM', KEYS[1], worker)
    else
        index = index + 1
        local text = #worker <= bytes and redis.call('GETRANGE', prefix .. worker, 0, bytes)
        if text and #text <= bytes then
            found[#found + 1] = { worker, at, text }
        else
            ignored = ignored + 1
        end
    end
end
return { ignored, found }
