-- include: retries
-- id, token, ms → 'delayed' (for so long; the attempt is not counted, and the job is another worker's meanwhile) |
-- 'cancelled' | 'lost'
local id, token, pause = unpack(ARGV, FIRST)

look_at_clock()
if not holds(id, token) then
    return settled(id, token)
end
if cancelling(id) then
    return finish(id, 'cancelled')
end
let_go(id, 'delayed', 'state', 'delayed', 'phase', 'queued', 'step', 0, 'steps', 0)
redis.call('HINCRBY', JOB .. id, 'attempt', -1)
redis.call('ZADD', DELAYED, NOW + pause, id)
return 'delayed'
