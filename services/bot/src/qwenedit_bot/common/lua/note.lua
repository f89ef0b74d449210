#!lua flags=allow-oom
-- key, value, ttl in s; keep: whether a value that is there stays; set, member, set_ttl in s: what joins a set as well
-- → the value that is there now
local there = args.keep and redis.call('GET', args.key)
if there then
    redis.call('EXPIRE', args.key, args.ttl)
else
    redis.call('SET', args.key, args.value, 'EX', args.ttl)
end
if args.set then
    redis.call('SADD', args.set, args.member)
    redis.call('EXPIRE', args.set, args.set_ttl)
end
return there or args.value
