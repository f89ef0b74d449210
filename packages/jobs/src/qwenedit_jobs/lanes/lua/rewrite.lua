-- lane, id, token, payload: what an entry in hand says from now on → 1, or 0 when somebody else holds the lane
local lane, id, token, payload = unpack(ARGV, FIRST)

local _, sender, due = entry(id)
if not sender or not holds(lane, token) then
    return 0
end
redis.call('HSET', ENTRIES, id, table.concat({ lane, sender, due, payload }, '\n'))
return 1
