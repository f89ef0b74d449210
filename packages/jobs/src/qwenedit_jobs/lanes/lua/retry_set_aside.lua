#!lua flags=allow-oom
-- id → 1: it is in its lane again, behind what waits there; 0: it is not among those that were set aside
local packed = redis.call('HGET', ASIDE, args.id)
if not packed then
    return 0
end
redis.call('HDEL', ASIDE, args.id)
local lane, sender, _, _, payload = string.match(packed, '^([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$')
if payload then
    put(lane, sender, args.id, payload, 0)
end
return 1
