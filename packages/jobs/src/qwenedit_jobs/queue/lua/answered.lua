#!lua flags=allow-oom
-- KEYS: answered_pictures job_prefix picture_prefix
-- id, retention in s; ending: which of its ends (how often it was requeued before), if told; how: what its user got
-- → the time in ms: from now on the user has the answer; 0 when that was known already, or the job has gone on since:
-- the answer to its next end is still to come
local job = read(args.id, 'requeued', 'answered_at', 'result')
if not FINAL[job.state] or args.ending and args.ending ~= (job.requeued or '0') then
    return 0
elseif job.answered_at then
    if args.how ~= '' then -- its chat had refused the answer
        set(job, 'answer', args.how)
    end
    return 0
end
local at = wall()
spare_pictures({ picture_in(job) }, args.retention) -- nobody would find it without its job
set(job, 'answered_at', at, 'answer', args.how)
redis.call('EXPIRE', JOB_PREFIX .. job.id, args.retention)
return at
