-- include: finish
-- id, token, reason, detail → 'failed' | 'cancelled' | 'lost'
local id, token, reason, detail = unpack(ARGV, FIRST)

if not holds(id, token) then
    return settled(id, token)
end
if cancelling(id) then
    return finish(id, 'cancelled')
end
return finish(id, 'failed', 'reason', reason, 'detail', detail)
