-- KEYS: workers, what they say of themselves. ARGV: worker, what it says (JSON), seconds until it is forgotten, seconds
-- for which the register is kept. The worker alone: it says nothing new. → 1, or 0 where it is not known.
-- A worker that was killed says no goodbye; the next beat of any other one that says all forgets it.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if not ARGV[2] then
    return redis.call('ZADD', KEYS[1], 'XX', 'CH', now, ARGV[1])
end

local forgotten = now - ARGV[3] * 1000
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', forgotten)) do
    redis.call('ZREM', KEYS[1], worker)
    redis.call('HDEL', KEYS[2], worker)
end
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return 1
