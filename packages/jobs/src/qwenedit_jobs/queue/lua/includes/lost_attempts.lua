-- include: finish
-- Attempts that are taken from their workers.

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
