-- include: retries
-- id, token, ms, why → 'delayed' (for so long; the attempt is not counted, and all of its time counts as waiting) |
-- 'cancelled' | 'lost'
local id, token, pause, why = unpack(ARGV, FIRST)
look_at_clock()
if not holds(id, token) then
    return settled(id, token)
end
if cancelling(id) then
    return finish(id, 'cancelled')
end
let_go(id, 'delayed', 'state', 'delayed', 'phase', 'queued', 'step', 0, 'steps', 0)
set(id, 'attempt', (number_in(get(id, 'attempt')) or 1) - 1)
redis.call('HDEL', JOB .. id, 'reason') -- of an attempt before
set(id, 'detail', why or '')
redis.call('ZADD', DELAYED, NOW + pause, id)
return 'delayed'
