-- id, token → 'queued' (back at the consuming end, the attempt not counted) | 'cancelled' | 'lost'
local id, token = unpack(ARGV, FIRST)

if not holds(id, token) then
    return settled(id, token)
end
if cancelling(id) then
    return finish(id, 'cancelled')
end
let_go(id, 'queued')
redis.call('HINCRBY', JOB .. id, 'attempt', -1)
set(id, 'state', 'queued', 'phase', 'queued', 'step', 0, 'steps', 0)
redis.call('RPUSH', QUEUE, id)
return 'queued'
