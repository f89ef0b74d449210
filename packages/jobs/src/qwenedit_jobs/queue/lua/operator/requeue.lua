-- include: retries lost_attempts
-- id → {'queued', the state before} | {'cancelled'} (the user had asked for that) | {a final state} | {'unknown'}
local id = ARGV[FIRST]

local function in_line(push)
    set(id, 'state', 'queued', 'phase', 'queued', 'step', 0, 'steps', 0)
    redis.call(push, QUEUE, id)
end

-- A failed job is to be executed again: what is left of its pictures is kept as long as those of a new one.
local function keep_pictures()
    local seconds = get(id, 'picture_ttl')
    for _, ref in ipairs(pictures_of(id)) do
        redis.call('ZREM', ANSWERED, ref)
        if seconds then
            redis.call('EXPIRE', PICTURE .. ref, seconds)
        end
    end
end

look_at_clock()
local state = get(id, 'state')
if state == 'running' then
    local attempt = take_away(id) -- which does not count
    redis.call('PUBLISH', NUDGE, id)
    if cancelling(id) then
        note_lost(attempt, 'cancelled')
        return { finish(id, 'cancelled') }
    end
    note_lost(attempt, 'queued')
    let_go(id, 'queued', 'state', 'queued')
    uncount(id)
    in_line('RPUSH')
elseif state == 'delayed' then
    redis.call('ZREM', DELAYED, id)
    in_line('RPUSH')
elseif state == 'failed' then
    -- Anew, behind everybody who waits: attempts and patience count from now. A user who was told of the failure is
    -- told of this, too.
    local told = get(id, 'answered_at')
    redis.call('PERSIST', JOB .. id)
    keep_pictures()
    redis.call('ZREM', DEAD, id)
    redis.call('ZREM', ENDED, id)
    redis.call('HDEL', JOB .. id, 'answered_at', 'answer', 'finished_at', 'reason', 'detail', 'settled_by', 'settled_as', 'dropped')
    set(id, 'attempt', 0, 'enqueued_at', NOW, 'expires_at', NOW + patience(id),
        'requeued', (count_in(get(id, 'requeued')) or 0) + 1)
    redis.call('SADD', UNFINISHED .. (get(id, 'user') or ''), id)
    in_line('LPUSH')
    if told then
        publish(id, 'queued')
    end
else
    return { state or 'unknown' }
end
return { 'queued', state }
