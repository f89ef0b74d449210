-- lane: what it waited for is there, so it is due now; nothing where it is in hand, or empty
redis.call('ZADD', READY, 'XX', 'LT', moment(NOW), ARGV[FIRST])
