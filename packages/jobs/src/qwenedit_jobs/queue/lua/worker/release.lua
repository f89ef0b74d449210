-- include: retries
-- id, token, why → 'queued' (back at the consuming end, the attempt not counted) | 'cancelled' | 'lost'
local id, token, why = unpack(ARGV, FIRST)
look_at_clock()
if not holds(id, token) then
    return settled(id, token)
end
return give_back(id, why)
