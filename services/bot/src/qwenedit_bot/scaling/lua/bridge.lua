-- KEYS: workers wanted, and where jobs lie. ARGV: seconds until it expires.
-- No key means that nobody decides, and KEDA goes by the line's length. Before the first jobs of an idle installation the
-- key says that no worker is wanted beyond the one for a job that waits, until the leader has decided. Where jobs lie
-- without a key, nobody decides in truth.
if redis.call('EXISTS', unpack(KEYS)) == 0 then
    redis.call('RPUSH', KEYS[1], '')
    redis.call('EXPIRE', KEYS[1], ARGV[1])
end
return 1
