#!lua flags=allow-oom
-- KEYS: job_queue held paused leases draining delayed time dead ended events answered_pictures
-- KEYS: job_prefix user_prefix picture_prefix
-- limit → named: due: ids of the jobs whose pause has ended, and that are back in line; expired: ids of those that waited
-- too long, and have failed; lost: the attempts whose lease ran out, as JSON, with what became of their jobs
local UNKNOWN_FOR = 60000 -- ms until a job in another version's state is looked at again
local HEAD = 10 -- jobs at the head of the line that are looked at, and again as long as all of them are late
if redis.call('EXISTS', JOB_QUEUE, HELD, LEASES, DRAINING, DELAYED) == 0 then
    redis.call('DEL', TIME)
    return { 'due', {}, 'expired', {}, 'lost', {} }
end
local at, due, expired, lost = note_time(), {}, {}, {}

local function due_in(set_of_times)
    return redis.call('ZRANGEBYSCORE', set_of_times, '-inf', at, 'LIMIT', 0, args.limit)
end

-- What this version does not know leaves the set, or stays for a while.
local function pass_over(set_of_times, job)
    if not job.state or KNOWN[job.state] then
        redis.call('ZREM', set_of_times, job.id)
    else
        redis.call('ZADD', set_of_times, at + UNKNOWN_FOR, job.id)
    end
end

-- The job goes to the delayed set: at the head of the line a poison job would kill worker after worker.
local function take_away(job)
    job.taken_away = true
    local outcome = job.cancelling == '1' and finish(job, 'cancelled') or try_again(job, 'worker_lost', '')
    lost[#lost + 1] = cjson.encode({
        id = job.id, outcome = outcome, worker = short(job.worker), attempt = short(job.attempt),
        max_attempts = short(job.max_attempts), started_at = short(job.started_at), ended_at = tostring(wall()),
        trace_context = short(job.trace_context),
    })
end

for _, leases in ipairs({ LEASES, DRAINING }) do
    for _, id in ipairs(due_in(leases)) do
        local job = read(id, 'worker', 'started_at', 'trace_context')
        if job.state == 'running' then
            job.draining = leases == DRAINING
            take_away(job)
        else
            pass_over(leases, job)
        end
    end
end

-- Due jobs go to the consuming end: they waited their turn before their first attempt.
for _, id in ipairs(due_in(DELAYED)) do
    local job = read(id)
    if job.state == 'delayed' then
        redis.call('RPUSH', line(), id)
        let_go(job, 'queued', 'state', 'queued')
        due[#due + 1] = id
    else
        pass_over(DELAYED, job)
    end
end

-- The line is in order of age, but for jobs that were tried before.
local function expire_head()
    local late = 0
    for _, id in ipairs(redis.call('LRANGE', line(), -HEAD, -1)) do
        local job = read(id, 'expires_at')
        if job.state == 'queued' and (tonumber(job.expires_at) or math.huge) <= at then
            finish(job, 'failed', 'reason', 'expired')
            expired[#expired + 1] = id
            late = late + 1
        end
    end
    return late == HEAD
end
while #expired < args.limit and expire_head() do end
return { 'due', due, 'expired', expired, 'lost', lost }
