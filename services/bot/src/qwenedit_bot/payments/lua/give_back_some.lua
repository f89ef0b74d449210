-- job, kind: why it's given back; most: jobs of that kind that are given back in a day → 1 if this one is, 0 if it counts
-- Jobs that were given back are remembered until the day after, so that the answer is the same when asked again.
local DAY = 86400000

local now = wall()
local today = string.format('%.0f', now - now % DAY)
local prefix = args.kind .. ' '
local field = prefix .. args.job

if redis.call('HEXISTS', FREE, field) == 1 then
    return 1
end
local given_back = 0
local free = redis.call('HGETALL', FREE)
for i = 1, #free, 2 do
    if string.sub(free[i], 1, #prefix) == prefix and free[i + 1] == today then
        given_back = given_back + 1
    end
end
if given_back >= args.most then
    redis.call('HDEL', CHARGES, args.job)
    return 0
end
if give_back(args.job) == '' then
    return 0
end
redis.call('HSET', FREE, field, today)
redis.call('PEXPIRE', FREE, today + 2 * DAY - now)
return 1
