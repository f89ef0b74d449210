#!lua flags=allow-oom
-- lane, id, payload: an entry's new payload → 1, or 0 if it's held, or doesn't wait
local _, sender, due = entry(args.id)
local is_first = redis.call('LINDEX', LANE_PREFIX .. args.lane, 0) == args.id
if not sender or is_first and redis.call('HEXISTS', HOLDERS, args.lane) == 1 then
    return 0
end
redis.call('HSET', ENTRIES, args.id, pack(args.lane, sender, due, args.payload))
return 1
