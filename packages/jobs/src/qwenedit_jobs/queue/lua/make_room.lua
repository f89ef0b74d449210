#!lua flags=allow-oom
-- KEYS: job_queue held paused leases draining delayed answered_pictures largest_result picture_prefix
-- bytes, share of `maxmemory` → named: room, 1 when there is some for them below it, or 0; used: bytes; limit, 0 for
-- none; kept_free: bytes for the results of unfinished jobs
local SPARE_KEPT = 86400 -- s that a picture is kept at most once nobody waits for it
if args.bytes == 0 then -- a look, as of the janitor
    redis.call('ZREMRANGEBYSCORE', ANSWERED_PICTURES, '-inf', wall() - SPARE_KEPT * 1000)
    redis.call('PERSIST', ANSWERED_PICTURES) -- the release before has the whole list end by itself
end
local room, used, limit, kept_free = make_room(args.bytes, args.share, true)
return { 'room', room and 1 or 0, 'used', used, 'limit', limit, 'kept_free', kept_free }
