-- include: finish
-- id → 'cancelled' (it had not begun) | 'cancelling' (its worker is told) | a final state | 'unknown'
local id = ARGV[FIRST]

local state = get(id, 'state')
if not state then
    return 'unknown'
end
if state == 'queued' then
    redis.call('LREM', QUEUE, 1, id)
    return finish(id, 'cancelled')
end
if state == 'delayed' then
    return finish(id, 'cancelled')
end
if state == 'running' then
    -- Removed before it is set: over `maxmemory` Redis refuses HSET as a script's first write, not as its second.
    redis.call('HDEL', JOB .. id, 'cancelling')
    set(id, 'cancelling', 1)
    redis.call('PUBLISH', NUDGE, id)
    return 'cancelling'
end
return state
