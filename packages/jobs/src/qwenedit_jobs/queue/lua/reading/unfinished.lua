-- include: queue_lengths
-- → ids of the jobs in line, next one last; then of those that run, run on pods that are leaving, and pause
return {
    redis.call('LRANGE', QUEUE, 0, -1),
    redis.call('ZRANGE', LEASES, 0, -1),
    redis.call('ZRANGE', DRAINING, 0, -1),
    redis.call('ZRANGE', DELAYED, 0, -1),
}
