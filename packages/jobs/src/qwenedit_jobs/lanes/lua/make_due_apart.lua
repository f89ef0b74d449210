-- lane: what its entries that wait apart waited for is there, so they're due now → how many
local ids = redis.call('SMEMBERS', apart_in(ARGV[FIRST]))
for _, id in ipairs(ids) do
    redis.call('ZREM', PARKED, id) -- a full Redis refuses ZADD as a script's first write
    redis.call('ZADD', PARKED, moment(NOW), id)
end
return #ids
