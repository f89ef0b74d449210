#!lua flags=allow-oom
-- KEYS: time job_queue held paused leases draining delayed answered_pictures largest_result job_prefix
-- KEYS: user_prefix picture_prefix accepted_prefix layout
-- id, payload, user, trace, max_attempts, delays (JSON), max_wait in ms, max_queue, max_unfinished, picture_ttl in s,
-- sources, kept: s for which it is on record, share of the memory, pictures: references of those that must be here
-- → named: outcome: accepted; exists, and its state; full or limited, and the count; forgotten: a picture is not here;
-- no_room: for its result beside those of the jobs before it
local state = redis.call('HGET', JOB_PREFIX .. args.id, 'state')
if state then
    if FINAL[state] then
        pictures_of_ended(read(args.id), state) -- sent again meanwhile
    end
    return { 'outcome', 'exists', 'state', short(state) }
end
for _, ref in ipairs(args.pictures) do
    if redis.call('EXISTS', PICTURE_PREFIX .. ref) == 0 then
        return { 'outcome', 'forgotten' }
    end
end
local waiting = count_waiting()
if waiting >= args.max_queue then
    return { 'outcome', 'full', 'count', waiting }
end
local unfinished = unfinished_of(args.user, args.max_unfinished)
if unfinished >= args.max_unfinished then
    return { 'outcome', 'limited', 'count', unfinished }
end
if not make_room(0, #args.pictures > 0 and args.share or 1, #args.pictures > 0, waiting) then
    return { 'outcome', 'no_room' }
end
local expires_at = now() + args.max_wait
redis.call('LPUSH', line(), args.id)
redis.call('SADD', USER_PREFIX .. args.user, args.id)
set(args, 'state', 'queued', 'phase', 'queued', 'step', 0, 'steps', 0, 'attempt', 0, 'payload', args.payload,
    'user', args.user, 'trace_context', args.trace, 'max_attempts', args.max_attempts, 'delays', args.delays,
    'enqueued_at', wall(), 'expires_at', expires_at, 'max_wait', args.max_wait,
    'picture_ttl', args.picture_ttl, 'sources', args.sources)
put_on_record(args)
return { 'outcome', 'accepted' }
