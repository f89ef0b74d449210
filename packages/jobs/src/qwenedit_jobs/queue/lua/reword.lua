#!lua flags=allow-oom
-- KEYS: job_prefix accepted_prefix
-- id; payload: what a job is to do that waits for its first attempt → 1; 0 where it has begun, or is not known
local job = read(args.id)
if job.state == 'queued' and job.attempt == '0' then
    set(job, 'payload', args.payload)
    if on_record(job.id) then
        redis.call('HSET', ACCEPTED_PREFIX .. job.id, 'payload', args.payload)
    end
    return 1
end
return 0
