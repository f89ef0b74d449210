-- KEYS: leader, workers wanted. ARGV: replica, workers wanted, what the decision remembers, seconds until it expires
-- → 1, or 0 where this replica does not lead: one that was paused must not overwrite the number of the leader that took
-- its place.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
-- First of all: a full Redis refuses no write of a script that has deleted something.
redis.call('DEL', KEYS[2])
redis.call('RPUSH', KEYS[2], ARGV[3])
for _ = 1, tonumber(ARGV[2]) do
    redis.call('RPUSH', KEYS[2], 'worker')
end
redis.call('EXPIRE', KEYS[2], ARGV[4])
return 1
