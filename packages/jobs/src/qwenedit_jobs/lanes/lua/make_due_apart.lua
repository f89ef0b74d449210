-- lane: what its entries that wait apart waited for is there, so they're due now → how many
local found = 0
for _, id in ipairs(redis.call('SMEMBERS', apart_in(ARGV[FIRST]))) do
    if redis.call('ZREM', PARKED, id) == 1 then -- a full Redis refuses ZADD as a script's first write
        redis.call('ZADD', PARKED, moment(exactly_now()), id)
        found = found + 1
    else -- worked off by a version that doesn't know this set
        redis.call('SREM', apart_in(ARGV[FIRST]), id)
    end
end
return found
