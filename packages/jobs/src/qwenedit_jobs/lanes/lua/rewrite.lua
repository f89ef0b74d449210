#!lua flags=allow-oom
-- lane, id, token, payload: what an entry in hand says from now on → 1, or 0 when somebody else holds the lane
local _, sender, due = entry(args.id)
if not sender or not holds(args.lane, args.token) then
    return 0
end
redis.call('HSET', ENTRIES, args.id, pack(args.lane, sender, due, args.payload))
return 1
