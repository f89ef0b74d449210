-- KEYS: as of charge.lua. ARGV: job → {'free'} | {'lot', its name} | {'none'}
-- Once: a job that is given back is charged to nothing any more.
local job = ARGV[1]

if redis.call('ZREM', KEYS[1], job) == 1 then
    return { 'free' }
end
local lot = redis.call('HGET', KEYS[2], job)
if not lot then
    return { 'none' }
end
redis.call('HDEL', KEYS[2], job)
redis.call('HINCRBY', KEYS[3], lot, 1)
return { 'lot', lot }
