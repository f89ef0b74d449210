-- include: prelude clock_jumps
-- id, token, lease in ms → 'held' | 'cancelled' (asked to stop; the lease holds until the job is settled) | 'lost'
local id, token, lease = unpack(ARGV, FIRST)

if not holds(id, token) then
    return 'lost'
end
look_at_clock()
local set_of_leases = redis.call('ZSCORE', DRAINING, id) and DRAINING or LEASES
-- Removed before it is added: over `maxmemory` Redis refuses ZADD as a script's first write, not as its second, and a
-- full Redis must not end the leases of jobs that are being executed.
redis.call('ZREM', set_of_leases, id)
redis.call('ZADD', set_of_leases, NOW + lease, id)
return cancelling(id) and 'cancelled' or 'held'
