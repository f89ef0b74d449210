-- id, payload, user, trace context, maximum attempts, delays (JSON), maximum wait in ms, maximum queue length, maximum
-- unfinished, keys of the pictures that must be there
-- → {'accepted'} | {'exists', state} | {'full', length} | {'limited', unfinished} | {'forgotten'}: a picture is not there
local id, payload, user, trace, max_attempts, delays, max_wait, max_queue, max_unfinished = unpack(ARGV, FIRST)

local state = get(id, 'state')
if state then
    return { 'exists', state }
end
for picture = FIRST + 9, #ARGV do
    if redis.call('EXISTS', ARGV[picture]) == 0 then
        return { 'forgotten' }
    end
end
local length = waiting + delayed
if length >= tonumber(max_queue) then
    return { 'full', tostring(length) }
end
local unfinished = redis.call('SCARD', UNFINISHED .. user)
if unfinished >= tonumber(max_unfinished) then
    return { 'limited', tostring(unfinished) }
end

set(id, 'state', 'queued', 'phase', 'queued', 'step', 0, 'steps', 0, 'attempt', 0, 'payload', payload, 'user', user,
    'trace_context', trace, 'max_attempts', max_attempts, 'delays', delays, 'enqueued_at', NOW,
    'expires_at', NOW + max_wait)
redis.call('SADD', UNFINISHED .. user, id)
redis.call('LPUSH', QUEUE, id)
return { 'accepted' }
