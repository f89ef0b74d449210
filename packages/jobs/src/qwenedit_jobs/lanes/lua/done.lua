#!lua flags=allow-oom
-- lane, id, sender, failures, token: an entry is done, even if its lane has another holder now → named: first:
-- 1, or 0 if that was known; more: 1 if other entries wait that nobody holds, however long, or 0
local held = holds(args.lane, args.token)
local first = redis.call('HDEL', ENTRIES, args.id)
if first == 1 then
    drop(args.id, args.lane, args.sender, held)
    if not held or args.failures > 0 then -- else it hasn't failed
        redis.call('HDEL', FAILURES, args.id)
    end
end
if held then
    end_hold(args.lane)
end
local more = redis.call('EXISTS', READY, PARKED) > 0
    and redis.call('ZCARD', READY) + redis.call('ZCARD', PARKED) > redis.call('HLEN', HOLDERS)
return { 'first', first, 'more', more and 1 or 0 }
