#!lua flags=allow-oom
-- KEYS: job_queue held paused leases draining delayed answered_pictures largest_result picture_prefix
-- bytes, share of `maxmemory` → {1 when there is room for them below it, or 0; bytes in use; the limit, 0 for none;
-- bytes that are kept free for the results of unfinished jobs}
local SPARE_KEPT = 86400 -- s that a picture is kept at most once nobody waits for it
if args.bytes == 0 then -- a look, as of the janitor
    redis.call('ZREMRANGEBYSCORE', ANSWERED_PICTURES, '-inf', wall() - SPARE_KEPT * 1000)
    redis.call('PERSIST', ANSWERED_PICTURES) -- the release before has the whole list end by itself
end
local room, used, limit, kept_free = make_room(args.bytes, args.share, true)
return { room and 1 or 0, used, limit, kept_free }
