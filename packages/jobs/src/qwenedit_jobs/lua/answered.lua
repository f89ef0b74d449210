-- id, retention in s: the user has the answer. → 1, or 0 when that was known already
local id, retention = unpack(ARGV, FIRST)

if not get(id, 'state') then
    return 0
end
-- In this order a full Redis takes it: a script's first write must not need memory.
redis.call('EXPIRE', JOB .. id, retention)
return redis.call('HSETNX', JOB .. id, 'answered_at', NOW)
