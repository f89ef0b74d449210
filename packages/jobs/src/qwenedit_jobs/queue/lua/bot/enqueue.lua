-- include: memory clock_jumps
-- id, payload, user, trace context, maximum attempts, delays (JSON), maximum wait in ms, maximum queue length, maximum
-- unfinished, s for which its pictures are kept, where they came from, share of the memory for pictures, keys of the
-- pictures that must be there
-- → {'accepted'} | {'exists', state} | {'full', length} | {'limited', unfinished} | {'forgotten'}: a picture is not there
-- | {'no_room'}: for its result beside those of the jobs before it
local id, payload, user, trace, max_attempts, delays, max_wait, max_queue, max_unfinished,
    picture_ttl, sources, share = unpack(ARGV, FIRST)

local PICTURES = FIRST + 12

-- Pictures are sent before their job, and forgotten soon unless it comes.
local function keep_them()
    for picture = PICTURES, #ARGV do
        redis.call('EXPIRE', ARGV[picture], picture_ttl)
    end
end

local state = get(id, 'state')
if state then
    if not FINAL[state] then
        keep_them() -- sent again meanwhile
    end
    return { 'exists', state }
end
if PICTURES <= #ARGV and redis.call('EXISTS', unpack(ARGV, PICTURES)) < #ARGV - PICTURES + 1 then
    return { 'forgotten' }
end
local length = waiting + delayed
if length >= tonumber(max_queue) then
    return { 'full', tostring(length) }
end
local unfinished = redis.call('SCARD', UNFINISHED .. user)
if unfinished >= tonumber(max_unfinished) then
    return { 'limited', tostring(unfinished) }
end
-- Again, although each photo had its room: of jobs that come at once the last one has none.
if PICTURES <= #ARGV and not make_room(0, share) then
    return { 'no_room' }
end

look_at_clock(true)
set(id, 'state', 'queued', 'phase', 'queued', 'step', 0, 'steps', 0, 'attempt', 0, 'payload', payload, 'user', user,
    'trace_context', trace, 'max_attempts', max_attempts, 'delays', delays, 'enqueued_at', NOW,
    'expires_at', NOW + max_wait, 'max_wait', max_wait, 'picture_ttl', picture_ttl, 'sources', sources)
keep_them()
redis.call('SADD', UNFINISHED .. user, id)
redis.call('LPUSH', QUEUE, id)
return { 'accepted' }
