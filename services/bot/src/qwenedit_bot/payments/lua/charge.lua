-- KEYS: today's jobs of a user (ZSET job → ms), jobs charged to lots (HASH job → lot), lots (HASH lot → jobs left).
-- ARGV: job, free jobs a day, seconds that the charge of a lot is remembered
-- → {outcome, free jobs used today, jobs left in lots, ms until the day ends}, outcome: 'free', 'lot' or 'spent'
-- A job is charged once, however often it is asked for. Days are those of UTC, by Redis' clock.
local job, per_day, remembered = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local DAY = 86400000

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local midnight = now - now % DAY

local function answer(outcome)
    local left = 0
    for _, count in ipairs(redis.call('HVALS', KEYS[3])) do
        left = left + count
    end
    local used = redis.call('ZCOUNT', KEYS[1], midnight, '+inf')
    return { outcome, used, left, midnight + DAY - now }
end

if job == '' then -- a look
    return answer('free')
end
if redis.call('ZSCORE', KEYS[1], job) then
    return answer('free')
end
if redis.call('HEXISTS', KEYS[2], job) == 1 then
    return answer('lot')
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. midnight)
if redis.call('ZCARD', KEYS[1]) < per_day then
    redis.call('ZADD', KEYS[1], now, job)
    redis.call('PEXPIRE', KEYS[1], midnight + 2 * DAY - now)
    return answer('free')
end
local lots = redis.call('HKEYS', KEYS[3])
table.sort(lots)
for _, lot in ipairs(lots) do
    if tonumber(redis.call('HGET', KEYS[3], lot)) > 0 then
        if redis.call('HINCRBY', KEYS[3], lot, -1) <= 0 then
            redis.call('HDEL', KEYS[3], lot)
        end
        redis.call('HSET', KEYS[2], job, lot)
        redis.call('EXPIRE', KEYS[2], remembered)
        return answer('lot')
    end
end
return answer('spent')
