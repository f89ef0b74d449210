-- id, token, result (JSON) → 'done' | 'cancelled' (the user was told so already) | 'lost'
local id, token, result = unpack(ARGV, FIRST)

if not holds(id, token) then
    return settled(id, token)
end
if cancelling(id) then
    return finish(id, 'cancelled')
end
return finish(id, 'done', 'phase', 'sending', 'result', result)
