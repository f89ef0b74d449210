#!lua flags=allow-oom
-- KEYS: held
-- hold in ms, held: a list of {lane, token} → how many are held still
-- HELD has the lanes that an older version holds, by the end of the hold: due if that replica is gone.
for _, lane in ipairs(redis.call('ZRANGE', HELD, '-inf', moment(exactly_now()), 'BYSCORE')) do
    redis.call('ZREM', HELD, lane)
    redis.call('ZADD', READY, 'NX', 0, lane)
end
local still = 0
for _, each in ipairs(args.held) do
    local lane, token = unpack(each)
    if holds(lane, token) then
        redis.call('ZADD', READY, moment(exactly_now() + args.hold), lane)
        still = still + 1
    end
end
return still
