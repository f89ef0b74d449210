-- include: retries
-- id, token → 'queued' (back at the consuming end, the attempt not counted) | 'cancelled' | 'lost'
local id, token = unpack(ARGV, FIRST)

look_at_clock()
if not holds(id, token) then
    return settled(id, token)
end
return give_back(id)
