-- include: queue_lengths pictures
-- How a job ends.

local ENDED_KEPT = 1000 -- jobs

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
        redis.call('HDEL', JOB .. id, 'token')
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

local function add_to_ended(id)
    redis.call('ZADD', ENDED, NOW, id)
    redis.call('ZREMRANGEBYRANK', ENDED, 0, -1 - ENDED_KEPT)
end

local function add_to_dead(id)
    redis.call('ZADD', DEAD, NOW, id)
    redis.call('ZREMRANGEBYRANK', DEAD, 0, -1 - DEAD_KEPT)
end

-- Tells the bot of a job. After an entry with the last id that there can be, Redis takes no other: only a foreign hand
-- makes one. Then those that wait get ids of their own. Never a script's first write.
local PUBLISHED_AGAIN, FIELDS_OF_EVENT = 1000, 4
local function publish(id, state)
    local told = redis.pcall('XADD', EVENTS, '*', 'id', id, 'state', state)
    if type(told) ~= 'table' then
        return
    elseif not string.find(told.err, ' ID', 1, true) then
        redis.call('XADD', EVENTS, '*', 'id', id, 'state', state) -- fails as before, and says so
    end
    local waiting = redis.call('XRANGE', EVENTS, '-', '+', 'COUNT', PUBLISHED_AGAIN)
    redis.call('DEL', EVENTS)
    for _, found in ipairs(waiting) do
        if #found[2] == FIELDS_OF_EVENT then
            redis.call('XADD', EVENTS, '*', unpack(found[2]))
        end
    end
    redis.call('XADD', EVENTS, '*', 'id', id, 'state', state)
end

-- Final state, event for the bot and end of the lease in one: “acknowledged” and “published” cannot diverge.
local function finish(id, state, ...)
    let_go(id, state, 'state', state, 'finished_at', NOW, ...)
    if delayed > 0 then
        redis.call('ZREM', DELAYED, id)
    end
    redis.call('SREM', UNFINISHED .. (known(id, 'user') or ''), id)
    add_to_ended(id)
    if state == 'failed' then
        add_to_dead(id)
    end
    pictures_of_ended(id, state)
    publish(id, state)
    redis.call('EXPIRE', JOB .. id, RETENTION)
    return state
end
