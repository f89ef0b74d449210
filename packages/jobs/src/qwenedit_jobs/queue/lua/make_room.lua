#!lua flags=allow-oom
-- KEYS: job_queue held paused leases draining delayed answered_pictures largest_result picture_prefix
-- KEYS: events
-- DURATIONS: ANSWERED_JOB
-- bytes, share of `maxmemory` → named: room, 1 when there is some for them below it, or 0; used: bytes; limit, 0 for
-- none; kept_free: bytes for the results of unfinished jobs

-- A worker may have used up the stream's IDs: then no job can end until it's made anew, once it's empty.
local FAR = 60000 -- ms that the last ID may be ahead of the clock
local function mend_events()
    local stream = {}
    local told = redis.pcall('XINFO', 'STREAM', EVENTS)
    for index = 1, #told, 2 do
        stream[told[index]] = told[index + 1]
    end
    if stream.length == 0 and tonumber(string.match(stream['last-generated-id'], '^%d+')) > wall() + FAR then
        redis.call('DEL', EVENTS)
    end
end

if args.bytes == 0 then -- a look, as of the janitor
    redis.call('ZREMRANGEBYSCORE', ANSWERED_PICTURES, '-inf', wall() - ANSWERED_JOB * 1000)
    mend_events()
    redis.call('PERSIST', ANSWERED_PICTURES) -- the release before has the whole list end by itself
end
local room, used, limit, kept_free = make_room(args.bytes, args.share, true)
return { 'room', room and 1 or 0, 'used', used, 'limit', limit, 'kept_free', kept_free }
