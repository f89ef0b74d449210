-- id, token, lease in ms → 'held' | 'cancelled' (asked to stop; the lease holds until the job is settled) | 'lost'
local id, token, lease = unpack(ARGV, FIRST)

if not holds(id, token) then
    return 'lost'
end
local set_of_leases = redis.call('ZSCORE', DRAINING, id) and DRAINING or LEASES
redis.call('ZADD', set_of_leases, NOW + lease, id)
return cancelling(id) and 'cancelled' or 'held'
