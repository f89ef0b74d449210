-- include: queue_lengths pictures
-- How a job ends.

-- Ends a lease, notes what becomes of the job, and remembers whose call did it, so that the same call, repeated, gets the
-- same answer.
local function let_go(id, outcome, ...)
    redis.call('ZREM', LEASES, id)
    if draining > 0 then
        redis.call('ZREM', DRAINING, id)
    end
    local token = known(id, 'token')
    if token then
        set(id, 'settled_by', token, 'settled_as', outcome, ...)
        redis.call('HDEL', JOB .. id, 'token', 'worker')
    else
        set(id, ...)
    end
end

-- What a call that does not hold the lease is told.
local function settled(id, token)
    if get(id, 'settled_by') == token then
        return get(id, 'settled_as')
    end
    return 'lost'
end

local function add_to_dead(id)
    redis.call('ZADD', DEAD, NOW, id)
    redis.call('ZREMRANGEBYRANK', DEAD, 0, -1 - DEAD_KEPT)
end

-- Final state, event for the bot and end of the lease in one: “acknowledged” and “published” cannot diverge.
local function finish(id, state, ...)
    let_go(id, state, 'state', state, 'finished_at', NOW, ...)
    if delayed > 0 then
        redis.call('ZREM', DELAYED, id)
    end
    redis.call('SREM', UNFINISHED .. (known(id, 'user') or ''), id)
    if state == 'failed' then
        add_to_dead(id)
    end
    pictures_of_ended(id, state)
    redis.call('XADD', EVENTS, '*', 'id', id, 'state', state)
    redis.call('EXPIRE', JOB .. id, RETENTION)
    return state
end
