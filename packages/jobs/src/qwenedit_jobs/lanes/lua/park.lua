#!lua flags=allow-oom
-- KEYS: why_prefix
-- lane, id, sender, token, ms to wait, failed: whether an attempt has; alone: whether the entries behind it need not wait
-- for it; why: what it waits for in words, or '' → 1, or 0 when somebody else holds the lane
local WHY_KEPT = 60000 -- ms for which the words outlive the wait

if not holds(args.lane, args.token) then
    return 0
end
local due = exactly_now() + args.ms
if redis.call('HEXISTS', ENTRIES, args.id) == 0 then
    end_hold(args.lane, due)
    return 1
end
if args.alone then
    take_out(args.id, args.lane, args.sender)
    redis.call('SADD', apart_in(args.lane), args.id)
    redis.call('ZADD', PARKED, moment(due), args.id)
    end_hold(args.lane)
else
    end_hold(args.lane, due)
end
if args.failed then
    redis.call('HINCRBY', FAILURES, args.id, 1)
end
if args.why ~= '' then
    redis.call('SET', WHY_PREFIX .. args.id, args.why, 'PX', args.ms + WHY_KEPT)
end
return 1
