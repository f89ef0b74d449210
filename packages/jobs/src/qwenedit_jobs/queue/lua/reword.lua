#!lua flags=allow-oom
-- KEYS: job_prefix
-- id; payload: what a job is to do that waits for its first attempt; message: where a job is answered from now on
-- → 1; 0 where the job has begun, or is not known
local job = read(args.id)
if args.message and job.state then
    set(job, 'placeholder', args.message)
    return 1
elseif args.payload and job.state == 'queued' and job.attempt == '0' then
    set(job, 'payload', args.payload)
    return 1
end
return 0
