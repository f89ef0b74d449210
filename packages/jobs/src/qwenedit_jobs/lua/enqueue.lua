-- id, payload, user, trace context, maximum attempts, delays (JSON), maximum wait in ms, maximum queue length, maximum
-- unfinished, s for which its pictures are kept, keys of the pictures that must be there
-- → {'accepted'} | {'exists', state} | {'full', length} | {'limited', unfinished} | {'forgotten'}: a picture is not there
local id, payload, user, trace, max_attempts, delays, max_wait, max_queue, max_unfinished,
    picture_ttl = unpack(ARGV, FIRST)

local PICTURES = FIRST + 10

-- Pictures are sent before their job, and forgotten soon unless it comes.
local function keep_them()
    for picture = PICTURES, #ARGV do
        redis.call('EXPIRE', ARGV[picture], picture_ttl)
    end
    for _, ref in ipairs(PICTURES <= #ARGV and pictures_of(id) or {}) do
        count_picture(user, ref, nil, picture_ttl)
    end
end

local state = get(id, 'state')
if state then
    if not FINAL[state] then
        keep_them() -- sent again meanwhile
    end
    return { 'exists', state }
end
for picture = PICTURES, #ARGV do
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

look_at_clock(true)
set(id, 'state', 'queued', 'phase', 'queued', 'step', 0, 'steps', 0, 'attempt', 0, 'payload', payload, 'user', user,
    'trace_context', trace, 'max_attempts', max_attempts, 'delays', delays, 'enqueued_at', NOW,
    'expires_at', NOW + max_wait, 'max_wait', max_wait, 'picture_ttl', picture_ttl)
keep_them()
redis.call('SADD', UNFINISHED .. user, id)
redis.call('LPUSH', QUEUE, id)
return { 'accepted' }
