-- KEYS: a user's payments (HASH charge → JSON), lots. ARGV: charge, its record, its lot, jobs, seconds to remember
-- → 1, or 0 when the payment was known. Known and given are one step: the jobs are given once, whoever tells twice.
local charge, record, lot, jobs, remembered = unpack(ARGV)

local fresh = redis.call('HSETNX', KEYS[1], charge, record)
if fresh == 1 then
    redis.call('HSET', KEYS[2], lot, jobs)
    redis.call('EXPIRE', KEYS[1], remembered)
end
return fresh
