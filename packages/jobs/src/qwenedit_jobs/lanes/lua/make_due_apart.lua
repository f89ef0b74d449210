#!lua flags=allow-oom
-- lane: what its entries that wait apart waited for is there, so they're due now → how many
local found = 0
for _, id in ipairs(redis.call('SMEMBERS', apart_in(args.lane))) do
    if redis.call('ZREM', PARKED, id) == 1 then
        redis.call('ZADD', PARKED, moment(exactly_now()), id)
        found = found + 1
    else -- worked off by a version that doesn't know this set
        redis.call('SREM', apart_in(args.lane), id)
    end
end
return found
