-- KEYS: workers, what they say of themselves. ARGV: worker, what it says (JSON), seconds until it is forgotten.
-- A worker that was killed says no goodbye; the next beat of any other one forgets it.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local forgotten = now - ARGV[3] * 1000

for _, worker in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', forgotten)) do
    redis.call('HDEL', KEYS[2], worker)
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', forgotten)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('EXPIRE', KEYS[2], ARGV[3])
return now
