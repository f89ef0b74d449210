-- id, token → 'queued' (back at the consuming end, the attempt not counted) | 'cancelled' | 'lost'
local id, token = unpack(ARGV, FIRST)

if not holds(id, token) then
    return settled(id, token)
end
return give_back(id)
