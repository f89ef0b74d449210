#!lua flags=allow-oom
-- KEYS: held
-- name: whoever has it starts anew, so what that name held is due now → how many lanes that were
-- HELD has the lanes that a version before this one has in hand, by the end of the hold.
local prefix, taken = args.name .. '/', 0
local held = redis.call('ZRANGE', HELD, 0, -1, 'WITHSCORES')
for i = 1, #held, 2 do
    redis.call('ZADD', READY, 'NX', held[i + 1], held[i])
end
redis.call('DEL', HELD)
local holders = redis.call('HGETALL', HOLDERS)
for i = 1, #holders, 2 do
    if string.sub(holders[i + 1], 1, #prefix) == prefix then
        end_hold(holders[i], 0)
        taken = taken + 1
    end
end
return taken
