-- include: queue_lengths
-- id, token → 'held' (KEDA no longer counts the job, so that no idle pod is kept for it) | 'lost'
local id, token = unpack(ARGV, FIRST)

if not holds(id, token) then
    return 'lost'
end
local deadline = redis.call('ZSCORE', LEASES, id)
if deadline then
    redis.call('ZADD', DRAINING, deadline, id)
    redis.call('ZREM', LEASES, id)
end
return 'held'
