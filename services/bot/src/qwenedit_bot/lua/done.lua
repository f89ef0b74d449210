-- KEYS: stream, a chat's line. ARGV: group, entry. Only frees memory, so that a full Redis lets it pass.
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[2])
redis.call('LREM', KEYS[2], 1, ARGV[2])
return 1
