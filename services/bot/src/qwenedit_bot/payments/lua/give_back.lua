-- KEYS: as of charge.lua. ARGV: job → what it was charged to, or ''
-- Once: a job that is given back is charged to nothing any more.
local FREE, CHARGES, LOTS = unpack(KEYS)

local to = redis.call('HGET', CHARGES, ARGV[1])
if not to then
    return ''
end
redis.call('HDEL', CHARGES, ARGV[1])
local day = string.match(to, '^free:(%d+)$')
if not day then
    redis.call('HINCRBY', LOTS, to, 1)
elseif redis.call('HEXISTS', FREE, day) == 1 and redis.call('HINCRBY', FREE, day, -1) <= 0 then
    redis.call('HDEL', FREE, day)
end
return to
