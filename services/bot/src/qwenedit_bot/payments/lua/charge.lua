-- job, or '' to look only; per_day: free jobs; remembered: seconds for which a charge is
-- → named: charged: 1 when the job is, 0 when nothing is left; used: free jobs of today; bought: jobs left in lots;
-- resets_in: ms until the day ends
-- A job is charged once, in the day that it was asked for in. Days are those of UTC, by Redis' clock.
local DAY = 86400000

local now = wall()
local today = string.format('%.0f', now - now % DAY)

local function used()
    return tonumber(redis.call('HGET', FREE, today) or 0)
end

local function answer(charged)
    local left = 0
    for _, count in ipairs(redis.call('HVALS', LOTS)) do
        left = left + count
    end
    return { 'charged', charged, 'used', used(), 'bought', left, 'resets_in', today + DAY - now }
end

local function charge(to)
    redis.call('HSET', CHARGES, args.job, to)
    redis.call('EXPIRE', CHARGES, args.remembered)
    return answer(1)
end

if args.job == '' then
    return answer(0)
end
if redis.call('HEXISTS', CHARGES, args.job) == 1 then
    return answer(1)
end
if used() < args.per_day then
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
