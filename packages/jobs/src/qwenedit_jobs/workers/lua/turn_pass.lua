-- KEYS: whose turn it is, wake-up list. ARGV: token, ms for which the wake-up is kept
-- The one who waits longest is woken; whoever takes the turn first has it.
if string.match(redis.call('GET', KEYS[1]) or '', '^%S+') == ARGV[1] then
    redis.call('DEL', KEYS[1], KEYS[2])
    redis.call('RPUSH', KEYS[2], '1')
    redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
