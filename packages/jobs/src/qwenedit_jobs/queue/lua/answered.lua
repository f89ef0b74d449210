#!lua flags=allow-oom
-- KEYS: answered_pictures job_prefix picture_prefix accepted_prefix
-- DURATIONS: ANSWERED_JOB
-- id; ending: which of its ends (how often it was requeued before), if told; how: what its user got;
-- shown: a digest of the picture that it got, or ''
-- → the time in ms: from now on the user has the answer; 0 when that was known already, or the job has gone on since:
-- the answer to its next end is still to come
local job, record = read(args.id, 'requeued', 'answered_at', 'result'), on_record(args.id, 'requeued', 'answered_at')
local known = record or job
local function note(...)
    if job.state then
        set(job, ...) -- for the operator, and for the release before
    end
    if record then
        redis.call('HSET', ACCEPTED_PREFIX .. job.id, 'shown', args.shown, ...)
    end
end

if not FINAL[job.state] or args.ending and args.ending ~= (known.requeued or '0') then
    return 0
elseif known.answered_at then
    if args.how ~= '' then -- its chat had refused the answer
        note('answer', args.how)
    end
    return 0
end
local at = wall()
spare_pictures({ picture_in(job) }, ANSWERED_JOB) -- nobody would find it without its job
note('answered_at', at, 'answer', args.how)
redis.call('EXPIRE', JOB_PREFIX .. job.id, ANSWERED_JOB)
redis.call('EXPIRE', ACCEPTED_PREFIX .. job.id, ANSWERED_JOB)
return at
