#!lua flags=allow-oom
-- key, replica: the replica leads no more
if redis.call('GET', args.key) == args.replica then
    redis.call('DEL', args.key)
end
