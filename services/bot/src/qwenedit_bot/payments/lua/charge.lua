-- KEYS: free jobs that a user has used (HASH day → number), charges of unfinished jobs (HASH job → 'free:' and the day, or
-- a lot), lots (HASH lot → jobs left). ARGV: job, or '' to look only; free jobs a day; seconds that a charge is remembered
-- → {1 when the job is charged, 0 when nothing is left; free jobs used today; jobs left in lots; ms until the day ends}
-- A job is charged once, in the day that it was asked for in. Days are those of UTC, by Redis' clock.
local job, per_day, remembered = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local FREE, CHARGES, LOTS = unpack(KEYS)
local DAY = 86400000

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local today = string.format('%.0f', now - now % DAY)

local function used()
    return tonumber(redis.call('HGET', FREE, today) or 0)
end

local function answer(charged)
    local left = 0
    for _, count in ipairs(redis.call('HVALS', LOTS)) do
        left = left + count
    end
    return { charged, used(), left, today + DAY - now }
end

local function charge(to)
    redis.call('HSET', CHARGES, job, to)
    redis.call('EXPIRE', CHARGES, remembered)
    return answer(1)
end

if job == '' then
    return answer(0)
end
if redis.call('HEXISTS', CHARGES, job) == 1 then
    return answer(1)
end
if used() < per_day then
    redis.call('HINCRBY', FREE, today, 1)
    redis.call('PEXPIRE', FREE, today + 2 * DAY - now)
    return charge('free:' .. today)
end
local lots = redis.call('HKEYS', LOTS)
table.sort(lots)
for _, lot in ipairs(lots) do
    if tonumber(redis.call('HGET', LOTS, lot)) > 0 then
        if redis.call('HINCRBY', LOTS, lot, -1) <= 0 then
            redis.call('HDEL', LOTS, lot)
        end
        return charge(lot)
    end
end
return answer(0)
