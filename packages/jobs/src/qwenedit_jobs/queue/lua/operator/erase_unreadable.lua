-- include: queue_lengths pictures
-- id → 1 when something was known of the job, whatever its state, and nothing is any more
-- For jobs that this version cannot read: nobody can answer them, and their users want to be forgotten.
local id = ARGV[FIRST]

local user = get(id, 'user')
drop_pictures(pictures_of(id))
drop_pictures({ picture_in(get(id, 'result')) })
for _, list in ipairs({ JOB_QUEUE, HELD }) do
    redis.call('LREM', list, 0, id)
end
for _, set_of_jobs in ipairs({ LEASES, DRAINING, DELAYED, DEAD, ENDED }) do
    redis.call('ZREM', set_of_jobs, id)
end
if user then
    redis.call('SREM', UNFINISHED .. user, id)
end
return redis.call('DEL', JOB .. id)
