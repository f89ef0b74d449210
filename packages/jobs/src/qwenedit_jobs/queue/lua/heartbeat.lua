#!lua flags=allow-oom
-- KEYS: time leases draining job_prefix
-- id, token, lease in ms, draining: whether the pod is leaving; phase, step, steps, where there is news of these
-- → 'held' | 'cancelled': stop and settle, the lease holds until then | 'lost'
local found = redis.call('HMGET', JOB_PREFIX .. args.id, 'state', 'token', 'cancelling', 'draining')
local job = { id = args.id, state = found[1], token = found[2] }
if not holds(job) then
    return 'lost'
end
-- KEDA does not count leases of pods that leave, so that it keeps no idle pod for one.
local leases = (args.draining or found[4]) and DRAINING or LEASES
redis.call('ZADD', leases, now() + args.lease, job.id)
if args.draining and not found[4] then
    redis.call('ZREM', LEASES, job.id)
    set(job, 'draining', 1)
end
if args.phase then
    set(job, 'phase', args.phase, 'step', args.step, 'steps', args.steps, 'moved_at', wall())
end
return found[3] == '1' and 'cancelled' or 'held'
