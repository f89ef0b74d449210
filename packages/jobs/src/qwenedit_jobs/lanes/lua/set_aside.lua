#!lua flags=allow-oom
-- lane, id, token, why (JSON). An entry that nobody can work off leaves its lane, and stays for the operator.
local held = holds(args.lane, args.token)
local _, sender, _, payload = entry(args.id)
if sender then
    redis.call('HDEL', ENTRIES, args.id)
    redis.call('HDEL', FAILURES, args.id)
    drop(args.id, args.lane, sender, held)
    redis.call('HSET', ASIDE, args.id, table.concat({ args.lane, sender, written(wall()), args.why, payload }, '\n'))
end
if held then
    end_hold(args.lane)
end
