-- include: result_room user_pictures clock_jumps
-- id, payload, user, trace context, maximum attempts, delays (JSON), maximum wait in ms, maximum queue length, maximum
-- unfinished, s for which its pictures are kept, where they came from, share of the memory for pictures, keys of the
-- pictures that must be there
-- → {'accepted'} | {'exists', state} | {'full', length} | {'limited', unfinished} | {'forgotten'}: a picture is not there
-- | {'no_room'}: for its result beside those of the jobs before it
local id, payload, user, trace, max_attempts, delays, max_wait, max_queue, max_unfinished,
    picture_ttl, sources, share = unpack(ARGV, FIRST)

local PICTURES = FIRST + 12

-- Bytes of each picture, or nil where one is not there.
local function sizes()
    local found = {}
    for picture = PICTURES, #ARGV do
        found[picture] = redis.call('STRLEN', ARGV[picture])
        if found[picture] == 0 then
            return nil
        end
    end
    return found
end

-- Pictures are sent before their job, and forgotten soon unless it comes.
local function keep_them(bytes)
    for picture = PICTURES, #ARGV do
        redis.call('EXPIRE', ARGV[picture], picture_ttl)
        local ref = string.sub(ARGV[picture], #PICTURE + 1)
        if bytes and string.sub(ref, 1, #id + 1) == id .. ':' then -- and not another job's
            count_picture(user, ref, bytes[picture], picture_ttl)
        end
    end
end

local state = get(id, 'state')
if state then
    if not FINAL[state] then
        keep_them(sizes()) -- sent again meanwhile
    end
    return { 'exists', state }
end
local bytes = sizes()
if not bytes then
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
if PICTURES <= #ARGV then -- again, although each had its room: of jobs that come at once the last one has none
    local used, limit = memory()
    local photo = redis.call('GETRANGE', ARGV[PICTURES], 0, LONGEST_RECEIPT - 1)
    if limit > 0 and not fits(0, used, limit * share, string.match(photo, RECEIPT)) then
        return { 'no_room' }
    end
end

look_at_clock(true)
set(id, 'state', 'queued', 'phase', 'queued', 'step', 0, 'steps', 0, 'attempt', 0, 'payload', payload, 'user', user,
    'trace_context', trace, 'max_attempts', max_attempts, 'delays', delays, 'enqueued_at', NOW,
    'expires_at', NOW + max_wait, 'max_wait', max_wait, 'picture_ttl', picture_ttl, 'sources', sources)
keep_them(bytes)
redis.call('SADD', UNFINISHED .. user, id)
redis.call('LPUSH', QUEUE, id)
return { 'accepted' }
