-- How a job ends, goes back in line or is tried again; behind the prelude and the pictures in every transition.

-- Ends a lease and remembers whose call did, so that the same call, repeated, gets the same answer.
local function let_go(id, outcome)
    redis.call('ZREM', LEASES, id)
    redis.call('ZREM', DRAINING, id)
    local token = get(id, 'token')
    if token then
        set(id, 'settled_by', token, 'settled_as', outcome)
        redis.call('HDEL', JOB .. id, 'token', 'worker')
    end
end

-- What a call that does not hold the lease is told.
local function settled(id, token)
    if get(id, 'settled_by') == token then
        return get(id, 'settled_as')
    end
    return 'lost'
end

local function bury(id)
    redis.call('ZADD', DEAD, NOW, id)
    redis.call('ZREMRANGEBYRANK', DEAD, 0, -1 - DEAD_KEPT)
end

-- Final state, event for the bot and end of the lease in one: “acknowledged” and “published” cannot diverge.
local function finish(id, state, ...)
    let_go(id, state)
    redis.call('ZREM', DELAYED, id)
    set(id, 'state', state, 'finished_at', NOW, ...)
    redis.call('SREM', UNFINISHED .. (get(id, 'user') or ''), id)
    if state == 'failed' then
        bury(id)
    end
    pictures_of_ended(id, state)
    redis.call('XADD', EVENTS, '*', 'id', id, 'state', state)
    redis.call('EXPIRE', JOB .. id, RETENTION)
    return state
end

-- ms that a job may wait until it begins, as was said when it was accepted; a job of an earlier release does not say it.
local function patience(id)
    return tonumber(get(id, 'max_wait')) or math.max(0, (tonumber(get(id, 'expires_at')) or 0) - (tonumber(get(id, 'enqueued_at')) or 0))
end

-- The attempt of a worker that lets go does not count, and the time with that worker does not count as waiting.
local function uncount(id)
    redis.call('HINCRBY', JOB .. id, 'attempt', -1)
    redis.call('HINCRBY', JOB .. id, 'expires_at', NOW - (tonumber(get(id, 'started_at')) or NOW))
end

-- Back at the consuming end, the attempt not counted.
local function give_back(id)
    if cancelling(id) then
        return finish(id, 'cancelled')
    end
    let_go(id, 'queued')
    uncount(id)
    set(id, 'state', 'queued', 'phase', 'queued', 'step', 0, 'steps', 0)
    redis.call('RPUSH', QUEUE, id)
    return 'queued'
end

-- After a failed attempt: the next one later, or the end. The job has begun in time, and may wait as long again.
local function try_again(id, reason, detail)
    local attempt = tonumber(get(id, 'attempt')) or 1
    if cancelling(id) then
        return finish(id, 'cancelled')
    end
    if attempt >= (tonumber(get(id, 'max_attempts')) or 1) then
        return finish(id, 'failed', 'reason', reason, 'detail', detail)
    end
    local read, delays = pcall(cjson.decode, get(id, 'delays'))
    local delay = read and type(delays) == 'table' and tonumber(delays[math.min(attempt, #delays)]) or 0
    local due = NOW + math.floor(delay * 1000)
    let_go(id, 'delayed')
    set(id, 'state', 'delayed', 'phase', 'queued', 'step', 0, 'steps', 0, 'reason', reason, 'detail', detail,
        'expires_at', due + patience(id))
    redis.call('ZADD', DELAYED, due, id)
    return 'delayed'
end

-- An attempt that is taken from a worker which did not let go of it: whatever that one still says of the job is answered
-- with 'lost'. What is known of it is kept for whoever tells operators.
local function take_away(id)
    local fields = { 'claimed_by', 'claimed_before', 'worker', 'attempt', 'max_attempts', 'started_at', 'trace_context' }
    local found = redis.call('HMGET', JOB .. id, unpack(fields))
    local attempt = { id = id, ended_at = tostring(NOW) }
    for index, field in ipairs(fields) do
        attempt[field] = found[index] or ''
    end
    redis.call('HDEL', JOB .. id, 'token')
    return attempt
end

local LOST_KEPT = 1000 -- while no bot is up to take them
local function note_lost(attempt, outcome)
    attempt.outcome = outcome
    redis.call('RPUSH', LOST, cjson.encode(attempt))
    redis.call('LTRIM', LOST, -LOST_KEPT, -1)
end

-- Members whose time has come, of a set that is as it was when the script began.
local LENGTHS = { [LEASES] = running, [DRAINING] = draining, [DELAYED] = delayed }
local function until_now(set_of_times, limit)
    return LENGTHS[set_of_times] > 0
        and redis.call('ZRANGEBYSCORE', set_of_times, '-inf', NOW, 'LIMIT', 0, limit) or {}
end

-- Leases that ran out. They go to the delayed set: at the head of the line a poison job would kill worker after worker.
local function reap(limit)
    local reaped = {}
    for _, set_of_leases in ipairs({ LEASES, DRAINING }) do
        for _, id in ipairs(until_now(set_of_leases, limit)) do
            local state = look(id)
            if state == 'running' then
                local attempt = take_away(id)
                local outcome = try_again(id, 'worker_lost', '')
                note_lost(attempt, outcome)
                reaped[#reaped + 1] = id
                reaped[#reaped + 1] = outcome
            elseif not state or KNOWN[state] then
                redis.call('ZREM', set_of_leases, id)
            else
                redis.call('ZADD', set_of_leases, NOW + UNKNOWN_FOR, id)
            end
        end
    end
    return reaped
end

-- Due jobs go to the consuming end: they waited their turn before their first attempt.
local function promote(limit)
    local due = {}
    for _, id in ipairs(until_now(DELAYED, limit)) do
        local state = look(id)
        redis.call('ZREM', DELAYED, id)
        if state == 'delayed' then
            set(id, 'state', 'queued')
            redis.call('RPUSH', QUEUE, id)
            due[#due + 1] = id
        elseif state and not KNOWN[state] then
            redis.call('ZADD', DELAYED, NOW + UNKNOWN_FOR, id)
        end
    end
    return due
end

-- Moves the line aside, behind what stands there already. Popped before it is pushed: a full Redis refuses a push as a
-- script's first write.
local function set_aside()
    local id = redis.call('RPOP', LINE)
    while id do
        redis.call('LPUSH', HELD, id)
        id = redis.call('RPOP', LINE)
    end
end
