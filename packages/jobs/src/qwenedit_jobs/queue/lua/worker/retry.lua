-- include: retries
-- id, token, reason, detail → 'delayed' | 'failed' (that was the last attempt) | 'cancelled' | 'lost'
local id, token, reason, detail = unpack(ARGV, FIRST)

look_at_clock()
if not holds(id, token) then
    return settled(id, token)
end
return try_again(id, reason, detail)
