#!lua flags=allow-oom
-- name: its holder restarted, so the lanes it held are due now → how many they were
local prefix, taken = args.name .. '/', 0
local holders = redis.call('HGETALL', HOLDERS)
for i = 1, #holders, 2 do
    if string.sub(holders[i + 1], 1, #prefix) == prefix then
        end_hold(holders[i], 0)
        taken = taken + 1
    end
end
return taken
