-- Prepended to every transition. A script checks first and writes after: over `maxmemory` Redis refuses its first
-- write, and nothing is half done. Keys of jobs that a script finds by itself are built from prefixes, which Redis
-- Cluster would not allow; one queue lives in one slot anyway, and Cluster is not supported.
local LINE, LEASES, DRAINING, DELAYED, DEAD, EVENTS, NUDGE, PAUSED, HELD, LOST = unpack(KEYS)
local JOB, UNFINISHED, CLAIM, RETENTION, DEAD_KEPT = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local FIRST = 6 -- index of a transition's own first argument

local time = redis.call('TIME')
local NOW = time[1] * 1000 + math.floor(time[2] / 1000)

-- While the operator has the queue paused, the line stands aside: its own list is empty, so no worker wakes and KEDA
-- starts none. Whatever else happens to the line happens to it there.
local paused = redis.call('EXISTS', PAUSED) == 1
local QUEUE = paused and HELD or LINE

-- A key of another kind than it should be stops a script here, before it writes, and not half-way.
local on_line, held = redis.call('LLEN', LINE), redis.call('LLEN', HELD)
local running, draining = redis.call('ZCARD', LEASES), redis.call('ZCARD', DRAINING)
local delayed, dead = redis.call('ZCARD', DELAYED), redis.call('ZCARD', DEAD)
redis.call('LLEN', LOST)
redis.call('XLEN', EVENTS)
local waiting = paused and held or on_line

local function get(id, field)
    return redis.call('HGET', JOB .. id, field)
end

local function set(id, ...)
    redis.call('HSET', JOB .. id, ...)
end

-- An id's state, and whether its job waited too long. No state: it is no job's id.
local function look(id)
    local found = redis.pcall('HMGET', JOB .. id, 'state', 'expires_at')
    if found.err then
        return nil
    end
    return found[1], found[2] and tonumber(found[2]) <= NOW
end

local function holds(id, token)
    local found = redis.call('HMGET', JOB .. id, 'state', 'token')
    return found[1] == 'running' and found[2] == token
end

local function cancelling(id)
    return get(id, 'cancelling') == '1'
end

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
    redis.call('SREM', UNFINISHED .. get(id, 'user'), id)
    if state == 'failed' then
        bury(id)
    end
    redis.call('XADD', EVENTS, '*', 'id', id, 'state', state)
    redis.call('EXPIRE', JOB .. id, RETENTION)
    return state
end

-- Back at the consuming end, the attempt not counted.
local function give_back(id)
    if cancelling(id) then
        return finish(id, 'cancelled')
    end
    let_go(id, 'queued')
    redis.call('HINCRBY', JOB .. id, 'attempt', -1)
    set(id, 'state', 'queued', 'phase', 'queued', 'step', 0, 'steps', 0)
    redis.call('RPUSH', QUEUE, id)
    return 'queued'
end

-- After a failed attempt: the next one later, or the end.
local function try_again(id, reason, detail)
    local attempt = tonumber(get(id, 'attempt'))
    if cancelling(id) then
        return finish(id, 'cancelled')
    end
    if attempt >= tonumber(get(id, 'max_attempts')) then
        return finish(id, 'failed', 'reason', reason, 'detail', detail)
    end
    local delays = cjson.decode(get(id, 'delays'))
    local delay = delays[math.min(attempt, #delays)] or 0
    let_go(id, 'delayed')
    set(id, 'state', 'delayed', 'phase', 'queued', 'step', 0, 'steps', 0, 'reason', reason, 'detail', detail)
    redis.call('ZADD', DELAYED, NOW + math.floor(delay * 1000), id)
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
            if look(id) == 'running' then
                local attempt = take_away(id)
                local outcome = try_again(id, 'worker_lost', '')
                note_lost(attempt, outcome)
                reaped[#reaped + 1] = id
                reaped[#reaped + 1] = outcome
            else
                redis.call('ZREM', set_of_leases, id)
            end
        end
    end
    return reaped
end

-- Due jobs go to the consuming end: they waited their turn before their first attempt.
local function promote(limit)
    local due = until_now(DELAYED, limit)
    for _, id in ipairs(due) do
        redis.call('ZREM', DELAYED, id)
        if look(id) == 'delayed' then
            set(id, 'state', 'queued')
            redis.call('RPUSH', QUEUE, id)
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
