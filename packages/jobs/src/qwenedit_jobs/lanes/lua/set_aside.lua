-- lane, id, token, why (JSON). An entry that nobody can work off leaves its lane, and stays for the operator.
local lane, id, token, why = unpack(ARGV, FIRST)

local _, sender, _, payload = entry(id)
if sender then
    redis.call('HDEL', ENTRIES, id)
    redis.call('HDEL', FAILURES, id)
    take_out(id, lane, sender)
    redis.call('HSET', ASIDE, id, table.concat({ lane, sender, written(wall()), why, payload }, '\n'))
end
let_go(lane, token)
return sender and 1 or 0
