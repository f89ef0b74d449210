#!lua flags=allow-oom
-- KEYS: job_queue held leases draining delayed dead ended answered_pictures job_prefix user_prefix
-- KEYS: picture_prefix accepted_prefix
-- id, which: 'answered' (a finished job whose user has the answer), 'dead' (one that an operator takes from among the
-- dead; it is forgotten when its user has the answer) or 'any' (one that this version cannot read, wherever it stands)
-- → 1 when that was done: nothing is known of it any more, or it is not among the dead
local job, record = read(args.id, 'answered_at', 'result'), on_record(args.id, 'answered_at')
local answered_at = (record or job).answered_at
if args.which == 'dead' then
    if redis.call('ZREM', DEAD, job.id) == 0 then
        return 0
    elseif job.state ~= 'failed' then
        return 1
    elseif not answered_at then
        drop_pictures(pictures_of(job))
        set(job, 'dropped', 1)
        return 1
    end
elseif args.which == 'answered' and not answered_at then
    return job.state and 0 or 1
end
for _, list in ipairs(args.which == 'any' and { JOB_QUEUE, HELD } or {}) do
    redis.call('LREM', list, 0, job.id)
end
for _, set_of_jobs in ipairs(args.which == 'any' and { LEASES, DRAINING, DELAYED } or {}) do
    redis.call('ZREM', set_of_jobs, job.id)
end
redis.call('ZREM', DEAD, job.id)
redis.call('ZREM', ENDED, job.id)
redis.call('SREM', USER_PREFIX .. (job.user or ''), job.id)
drop_pictures(pictures_of(job))
drop_pictures({ picture_in(job) })
redis.call('DEL', ACCEPTED_PREFIX .. job.id)
return redis.call('DEL', JOB_PREFIX .. job.id)
