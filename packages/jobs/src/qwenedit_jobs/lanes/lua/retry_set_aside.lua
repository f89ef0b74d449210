-- id → 1: it is in its lane again, behind what waits there; 0: it is not among those that were set aside
local id = ARGV[FIRST]

local packed = redis.call('HGET', ASIDE, id)
if not packed then
    return 0
end
local lane, sender, _, _, payload = string.match(packed, '^([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$')
redis.call('HDEL', ASIDE, id)
if payload then
    put(lane, sender, id, payload, 0)
end
return 1
