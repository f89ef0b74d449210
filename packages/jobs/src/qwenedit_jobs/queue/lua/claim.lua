#!lua flags=allow-oom
-- KEYS: job_queue held paused leases draining delayed claim_prefix time dead ended events answered_pictures
-- KEYS: job_prefix user_prefix picture_prefix
-- worker, token, lease in ms, room: bytes of pictures that may come along → named: foreign: how many such items there
-- were; of the job that was taken id, payload, attempt, max_attempts, trace_context, waited: ms, before: the token of the
-- claim before; pictures: its own, if all of them are here and there is room. Foreign items of the list are no job's id,
-- or belong to jobs that this version cannot read. They are put among the dead, where the operator finds them.
local OF_CLAIM = { 'expires_at', 'enqueued_at', 'trace_context', 'claimed_by', 'claimed_before' }
local MOST_LOOKED_AT = 100 -- items of the list; a caller that gets none of these calls again

-- By then the job is claimed: no key of another type may stop this.
local function pictures_along(job)
    local pictures, left = {}, args.room or 0
    for index, ref in ipairs(left > 0 and pictures_of(job) or {}) do
        local picture = redis.pcall('GETRANGE', PICTURE_PREFIX .. ref, 0, left)
        if #picture == 0 or #picture > left then
            return {}
        end
        pictures[index], left = picture, left - #picture
    end
    return pictures
end

local function answer(foreign, job, before)
    return { 'foreign', foreign, 'id', job.id, 'payload', job.payload, 'attempt', tostring(job.attempt),
        'max_attempts', job.max_attempts, 'trace_context', job.trace_context,
        'waited', tostring(wall() - job.enqueued_at), 'before', before or '', 'pictures', pictures_along(job) }
end

-- A token takes one job, ever: a copy of the call that arrives after the job was settled takes no second one.
local earlier = redis.call('GET', CLAIM_PREFIX .. args.token)
if earlier then
    local job = read(earlier, unpack(OF_CLAIM))
    return holds(job) and answer(0, job, job.claimed_before) or { 'foreign', 0 }
end

local function readable(job)
    return job.state == 'queued' and job.payload and job.trace_context and count_in(job.attempt)
        and count_in(job.max_attempts) and count_in(job.enqueued_at)
end

local foreign = 0
for _ = 1, MOST_LOOKED_AT do
    local id = redis.call('LINDEX', JOB_QUEUE, -1)
    if not id then
        break
    end
    local job, at = read(id, unpack(OF_CLAIM)), now()
    if job.state ~= 'queued' and KNOWN[job.state] then
        redis.call('RPOP', JOB_QUEUE) -- it stands here although it has ended, or is elsewhere
    elseif not readable(job) then
        foreign = foreign + 1
        add_bounded(DEAD, id, wall(), DEAD_KEPT)
        redis.call('RPOP', JOB_QUEUE)
    elseif (tonumber(job.expires_at) or math.huge) <= at then
        finish(job, 'failed', 'reason', 'expired')
    else
        job.attempt = job.attempt + 1
        redis.call('ZADD', LEASES, at + args.lease, id)
        redis.call('SET', CLAIM_PREFIX .. args.token, id, 'PX', args.lease)
        redis.call('RPOP', JOB_QUEUE)
        set(job, 'state', 'running', 'phase', 'starting', 'step', 0, 'steps', 0, 'attempt', job.attempt,
            'token', args.token, 'worker', args.worker, 'started_at', wall(),
            'patience', (number_in(job.expires_at) or at) - at,
            'claimed_before', job.claimed_by or '', 'claimed_by', args.token)
        return answer(foreign, job, job.claimed_by)
    end
end
return { 'foreign', foreign }
