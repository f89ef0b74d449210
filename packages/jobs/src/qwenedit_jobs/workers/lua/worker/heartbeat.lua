-- include: ledger
-- KEYS: workers, what they say of themselves. ARGV: the ledger's prefixes, worker, its report for the ledger (JSON, or empty), what it says of
-- itself (JSON), seconds until it is forgotten, seconds for which the register is kept. Without the last three it says
-- nothing new. → {1, or 0 where it is not known, Redis' time in ms, why the report was refused}
-- A worker that was killed says no goodbye; the next beat of any other one that says all forgets it.
local worker, report, said, forgotten_after, kept_for = unpack(ARGV, 4)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known = 1
if said then
    for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - forgotten_after * 1000)) do
        redis.call('ZREM', KEYS[1], name)
        redis.call('HDEL', KEYS[2], name)
    end
    redis.call('ZADD', KEYS[1], now, worker)
    redis.call('HSET', KEYS[2], worker, said)
    redis.call('EXPIRE', KEYS[1], kept_for)
    redis.call('EXPIRE', KEYS[2], kept_for)
else
    known = redis.call('ZADD', KEYS[1], 'XX', 'CH', now, worker)
end

-- The sign of life stands, whatever comes of the report: a Redis of others may not let workers write into the ledger.
local refused = ''
if report ~= '' then
    local noted, why = pcall(note_report, cjson.decode(report))
    if not noted then
        refused = type(why) == 'table' and why.err or tostring(why)
    end
end
return { known, tostring(now), refused }
