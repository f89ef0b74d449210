-- include: retries lost_attempts
-- Leases and pauses that have ended.

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
