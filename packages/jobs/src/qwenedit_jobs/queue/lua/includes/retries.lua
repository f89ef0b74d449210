-- include: finish clock_jumps
-- How a job goes back in line or is tried again.

-- ms that a job may wait until it begins, as was said when it was accepted; a job of an earlier release does not say it.
local function patience(id)
    local told, expires_at, enqueued_at = unpack(
        redis.call('HMGET', JOB .. id, 'max_wait', 'expires_at', 'enqueued_at'), 1, 3)
    return number_in(told) or math.max(0, (number_in(expires_at) or 0) - (number_in(enqueued_at) or 0))
end

-- The attempt of a worker that lets go does not count, and the time with that worker does not count as waiting.
local function uncount(id)
    local attempt, expires_at, started_at = unpack(
        redis.call('HMGET', JOB .. id, 'attempt', 'expires_at', 'started_at'), 1, 3)
    set(id, 'attempt', (number_in(attempt) or 1) - 1, 'expires_at',
        (number_in(expires_at) or NOW) + NOW - (number_in(started_at) or NOW))
end

-- Back at the consuming end, the attempt not counted.
local function give_back(id, why)
    if cancelling(id) then
        return finish(id, 'cancelled')
    end
    let_go(id, 'queued', 'state', 'queued', 'phase', 'queued', 'step', 0, 'steps', 0)
    uncount(id)
    redis.call('HDEL', JOB .. id, 'reason') -- of an attempt before
    set(id, 'detail', why or '')
    redis.call('RPUSH', QUEUE, id)
    return 'queued'
end

-- After a failed attempt: the next one later, or the end. The job has begun in time, and may wait as long again.
local function try_again(id, reason, detail)
    local attempt = number_in(get(id, 'attempt')) or 1
    if cancelling(id) then
        return finish(id, 'cancelled')
    end
    if attempt >= (number_in(get(id, 'max_attempts')) or 1) then
        return finish(id, 'failed', 'reason', reason, 'detail', detail)
    end
    local read, delays = pcall(cjson.decode, get(id, 'delays'))
    local delay = read and type(delays) == 'table' and number_in(delays[math.min(attempt, #delays)]) or 0
    local due = NOW + math.floor(delay * 1000)
    let_go(id, 'delayed', 'state', 'delayed', 'phase', 'queued', 'step', 0, 'steps', 0, 'reason', reason, 'detail', detail,
        'expires_at', due + patience(id))
    redis.call('ZADD', DELAYED, due, id)
    return 'delayed'
end
