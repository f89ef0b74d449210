-- include: queue_lengths
-- user, or none
-- → how many wait, run, run on pods that are leaving, pause, are dead; 1 if an operator has paused the queue; how many
-- the user has unfinished
-- A script and no transaction: over `maxmemory` Redis refuses even to look in one.
return {
    waiting,
    running,
    draining,
    delayed,
    dead,
    paused and 1 or 0,
    redis.call('SCARD', UNFINISHED .. ARGV[FIRST]),
}
