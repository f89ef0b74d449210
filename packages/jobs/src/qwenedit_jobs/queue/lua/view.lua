#!lua flags=no-writes
-- KEYS: job_queue held paused leases draining delayed dead user_prefix
-- counts: whether to count, and tell no ids; skip, count: which part of the line is returned; user, most_of_user:
-- tell so many of a user's unfinished jobs instead, in no order; others: most ids of each other place; ids: of these
-- the places in line. All at one moment. A script and no transaction: over `maxmemory` Redis refuses even to look in
-- one.
-- → named: length: how many wait; with counts how many there are of running, draining (on pods that are leaving),
-- delayed and dead, and paused: 1 when an operator has paused the queue; without, line: ids, the next one last; ids of
-- running, draining and delayed; places: 1 for the next one, 0 for none
local queue = line()
local waiting = redis.call('LLEN', queue)
if args.counts then
    return {
        'length', waiting, 'running', redis.call('ZCARD', LEASES), 'draining', redis.call('ZCARD', DRAINING),
        'delayed', redis.call('ZCARD', DELAYED), 'dead', redis.call('ZCARD', DEAD), 'paused', queue == HELD and 1 or 0,
    }
end

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
return {
    'length', waiting, 'line', all_short(ids), 'running', some_of(LEASES), 'draining', some_of(DRAINING),
    'delayed', some_of(DELAYED), 'places', places,
}
