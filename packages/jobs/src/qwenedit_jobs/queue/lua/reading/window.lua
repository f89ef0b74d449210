-- include: queue_lengths
-- jobs in line to skip, how many to tell of, how many of each other place
-- → {length of the line, ids in line (next one last), ids that run, run on pods that are leaving, and pause}
local skip, count, most = tonumber(ARGV[FIRST]), tonumber(ARGV[FIRST + 1]), tonumber(ARGV[FIRST + 2])
return {
    waiting,
    redis.call('LRANGE', QUEUE, -(skip + count), -(skip + 1)),
    redis.call('ZRANGE', LEASES, 0, most - 1),
    redis.call('ZRANGE', DRAINING, 0, most - 1),
    redis.call('ZRANGE', DELAYED, 0, most - 1),
}
