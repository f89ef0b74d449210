-- KEYS: a user's payments (HASH charge → JSON), lots. ARGV: charge, its record, its lot, jobs, seconds to remember
-- → 'credited', 'known' when it was before, or 'refunded' when it went back, which may be told before it is paid.
-- Known and given are one step: the jobs are given once, whoever tells twice.
local charge, record, lot, jobs, remembered = unpack(ARGV)

if redis.call('HSETNX', KEYS[1], charge, record) == 1 then
    redis.call('HSET', KEYS[2], lot, jobs)
    redis.call('EXPIRE', KEYS[1], remembered)
    return 'credited'
end
local known = cjson.decode(redis.call('HGET', KEYS[1], charge))
if not known.refunded then
    return 'known'
end
if known.jobs == 0 then -- of its refund alone: now it is known what had been bought
    local whole = cjson.decode(record)
    whole.refunded = true
    redis.call('HSET', KEYS[1], charge, cjson.encode(whole))
end
return 'refunded'
