-- include: finish memory
-- id, token, result (JSON), its picture's reference or '', s for which that is kept → 'done' | 'cancelled' (the user was
-- told so already) | 'lost' | 'forgotten': the picture is not there
-- The picture was sent just before, under a name of its own: what is not accepted must neither stay nor replace anything.
local id, token, result, ref, seconds = unpack(ARGV, FIRST)
local sent = PICTURE .. ref .. ':sent'

local function refuse(outcome)
    drop(sent)
    return outcome
end

if not holds(id, token) then
    return refuse(settled(id, token))
end
if cancelling(id) then
    return refuse(finish(id, 'cancelled'))
end
if ref ~= '' then
    local bytes = redis.call('STRLEN', sent)
    if bytes == 0 then
        return 'forgotten'
    end
    redis.call('RENAME', sent, PICTURE .. ref)
    redis.call('EXPIRE', PICTURE .. ref, seconds)
    note_result(bytes)
end
return finish(id, 'done', 'phase', 'sending', 'result', result)
