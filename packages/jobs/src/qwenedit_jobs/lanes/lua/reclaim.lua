-- name: whoever has it starts anew, so what that name held is due now → how many lanes that were
local prefix = ARGV[FIRST] .. '/'
local taken = 0
local holders = redis.call('HGETALL', HOLDERS)
for i = 1, #holders, 2 do
    if string.sub(holders[i + 1], 1, #prefix) == prefix then
        let_go(holders[i], holders[i + 1], 0)
        taken = taken + 1
    end
end
return taken
