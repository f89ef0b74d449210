-- → how many wait, run, run on pods that are leaving, pause, are dead
-- A script and no transaction: over `maxmemory` Redis refuses even to look in one.
return {
    redis.call('LLEN', QUEUE),
    redis.call('ZCARD', LEASES),
    redis.call('ZCARD', DRAINING),
    redis.call('ZCARD', DELAYED),
    redis.call('ZCARD', DEAD),
}
