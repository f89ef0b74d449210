-- KEYS: workers wanted, and where jobs lie. ARGV: seconds until it expires.
-- No key means that nobody decides, and KEDA goes by the line's length. Before the first jobs of an idle installation the
-- key says that no worker is wanted beyond the one for a job that waits, until the leader has decided. Where jobs lie,
-- nothing is done: without a key nobody decides in truth.
if redis.call('EXISTS', unpack(KEYS, 2)) > 0 then
    return 0
end
if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('RPUSH', KEYS[1], '')
end
if redis.call('TTL', KEYS[1]) < tonumber(ARGV[1]) then
    redis.call('EXPIRE', KEYS[1], ARGV[1])
end
return 1
