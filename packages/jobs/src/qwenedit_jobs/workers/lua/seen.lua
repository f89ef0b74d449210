-- KEYS: register. ARGV: prefix of what workers say of themselves, ms until one is forgotten, most workers, most bytes.
-- → {entries that are ignored, {worker, ms, text} for each that gave a sign of life lately, the last one first}
-- Workers write all of this: nothing is read before its size is known, and names are read one by one.
local prefix, forgotten, most, bytes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - forgotten)
redis.call('ZREMRANGEBYSCORE', KEYS[1], now + forgotten, '+inf') -- the clock has gone back
local count = redis.call('ZCARD', KEYS[1])
local ignored, found = math.max(0, count - most), {}
for index = 0, math.min(count, most) - 1 do
    local worker, at = unpack(redis.call('ZREVRANGE', KEYS[1], index, index, 'WITHSCORES'))
    if #worker > bytes or redis.call('STRLEN', prefix .. worker) > bytes then
        ignored = ignored + 1
    else
        found[#found + 1] = { worker, at, redis.call('GET', prefix .. worker) or '' }
    end
end
return { ignored, found }
