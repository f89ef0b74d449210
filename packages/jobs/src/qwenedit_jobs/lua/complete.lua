-- id, token, result (JSON), key of the picture that must be there or nothing → 'done' | 'cancelled' (the user was told so already) | 'lost' |
-- 'forgotten': the picture is not there
local id, token, result, picture = unpack(ARGV, FIRST)

if not holds(id, token) then
    return settled(id, token)
end
if cancelling(id) then
    return finish(id, 'cancelled')
end
if picture ~= '' and redis.call('EXISTS', picture) == 0 then
    return 'forgotten'
end
return finish(id, 'done', 'phase', 'sending', 'result', result)
