#!lua flags=allow-oom
-- lane: what its first entry waits for may be there, so it's due now → 1, or 0 if it's held
if redis.call('HEXISTS', HOLDERS, args.lane) == 1 then
    return 0
end
redis.call('ZADD', READY, 'XX', moment(exactly_now()), args.lane)
return 1
