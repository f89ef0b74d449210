#!lua flags=allow-oom
-- name: whoever has it starts anew, so what that name held is due now → how many lanes that were
local prefix, taken = args.name .. '/', 0
local holders = redis.call('HGETALL', HOLDERS)
for i = 1, #holders, 2 do
    if string.sub(holders[i + 1], 1, #prefix) == prefix then
        end_hold(holders[i], 0)
        taken = taken + 1
    end
end
return taken
