#!lua flags=no-writes
-- KEYS: job_queue held paused leases draining delayed dead user_prefix
-- counts: whether to count more than those that wait; skip, count: which part of the line is returned; user, most_of_user:
-- tell so many of a user's unfinished jobs instead, in no order; others: most ids of each other place; ids: of these
-- the places in line. All at one moment. A script and no transaction: over `maxmemory` Redis refuses even to look in
-- one.
-- → {how many wait; with counts also how many run, run on pods that are leaving, pause, are dead; 1 when an operator
-- has paused the queue}, ids in line (next one last), ids that run, run on pods that are leaving, pause, places (1 for
-- the next one, 0 for none)
local queue = line()
local waiting = redis.call('LLEN', queue)
local counts = args.counts and {
    waiting, redis.call('ZCARD', LEASES), redis.call('ZCARD', DRAINING), redis.call('ZCARD', DELAYED),
    redis.call('ZCARD', DEAD), queue == HELD and 1 or 0,
} or { waiting }

local function some_of(set_of_jobs)
    return (args.others or 0) > 0 and all_short(redis.call('ZRANGE', set_of_jobs, 0, args.others - 1)) or {}
end

local ids = {}
if args.most_of_user then
    ids = redis.call('SRANDMEMBER', USER_PREFIX .. args.user, args.most_of_user)
elseif (args.count or 0) > 0 then
    ids = redis.call('LRANGE', queue, -(args.skip + args.count), -(args.skip + 1))
end
local places = {}
for index, id in ipairs(args.ids or {}) do
    local found = redis.call('LPOS', queue, id)
    places[index] = found and waiting - found or 0
end
return { counts, all_short(ids), some_of(LEASES), some_of(DRAINING), some_of(DELAYED), places }
