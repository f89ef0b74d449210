#!lua flags=allow-oom
-- KEYS: job_queue held paused leases draining delayed time dead ended events answered_pictures
-- KEYS: job_prefix user_prefix picture_prefix accepted_prefix
-- id → named: outcome: 'queued', with the state before; 'cancelled' (the user had asked for that), a final state, 'unknown'
local job = read(args.id, 'requeued', 'picture_ttl')
if job.state == 'running' then
    job.taken_away = true
    if job.cancelling == '1' then
        return { 'outcome', finish(job, 'cancelled') }
    end
    return { 'outcome', give_back(job), 'before', 'running' }
elseif job.state == 'delayed' then
    redis.call('RPUSH', line(), job.id)
    let_go(job, 'queued', 'state', 'queued')
    return { 'outcome', 'queued', 'before', 'delayed' }
elseif job.state ~= 'failed' then
    return { 'outcome', short(job.state or 'unknown') }
end
-- Starts over at the end of the line: attempts and the wait count from now.
local record = on_record(job.id, 'requeued', 'user', 'picture_ttl', 'kept')
local known = record or job
local requeued = (count_in(known.requeued) or 0) + 1
for _, ref in ipairs(pictures_of(job)) do
    redis.call('ZREM', ANSWERED_PICTURES, ref)
    if count_in(known.picture_ttl) then
        redis.call('EXPIRE', PICTURE_PREFIX .. ref, known.picture_ttl)
    end
end
if record then
    redis.call('HDEL', ACCEPTED_PREFIX .. job.id, 'answered_at', 'answer', 'shown')
    redis.call('HSET', ACCEPTED_PREFIX .. job.id, 'requeued', requeued)
    redis.call('EXPIRE', ACCEPTED_PREFIX .. job.id, record.kept)
end
redis.call('SADD', USER_PREFIX .. (known.user or ''), job.id)
redis.call('LPUSH', line(), job.id)
redis.call('ZREM', DEAD, job.id)
redis.call('ZREM', ENDED, job.id)
redis.call('PERSIST', JOB_PREFIX .. job.id)
redis.call('HDEL', JOB_PREFIX .. job.id, 'answered_at', 'answer', 'finished_at', 'reason', 'detail', 'settled_by',
    'settled_as', 'dropped')
set(job, 'state', 'queued', 'phase', 'queued', 'step', 0, 'steps', 0, 'attempt', 0, 'enqueued_at', wall(),
    'expires_at', now() + (number_in(job.max_wait) or 0), 'requeued', requeued)
return { 'outcome', 'queued', 'before', 'failed' }
