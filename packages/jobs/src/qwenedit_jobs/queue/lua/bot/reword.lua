-- include: prelude
-- id, payload → 1: a job that waits for its first attempt is done by this payload; 0 where it has begun, or is not known
local id, payload = unpack(ARGV, FIRST)

local state, attempt = get(id, 'state'), get(id, 'attempt')
if state ~= 'queued' or attempt ~= '0' then
    return 0
end
set(id, 'payload', payload)
return 1
