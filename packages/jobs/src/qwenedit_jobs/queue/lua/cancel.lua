#!lua flags=allow-oom
-- KEYS: job_queue held paused leases draining delayed time dead ended events answered_pictures
-- KEYS: job_prefix user_prefix picture_prefix
-- id → 'cancelled' (it had not begun) | 'cancelling' (its worker learns it from the next heartbeat) | a final state | 'unknown'
local job = read(args.id)
if job.state == 'queued' or job.state == 'delayed' then
    return finish(job, 'cancelled')
elseif job.state == 'running' then
    set(job, 'cancelling', 1)
    return 'cancelling'
end
return short(job.state or 'unknown')
