-- job → what it was charged to, or ''
-- Once: a job that is given back is charged to nothing any more.
local to = redis.call('HGET', CHARGES, args.job)
if not to then
    return ''
end
redis.call('HDEL', CHARGES, args.job)
local day = string.match(to, '^free:(%d+)$')
if not day then
    redis.call('HINCRBY', LOTS, to, 1)
elseif redis.call('HEXISTS', FREE, day) == 1 and redis.call('HINCRBY', FREE, day, -1) <= 0 then
    redis.call('HDEL', FREE, day)
end
return to
