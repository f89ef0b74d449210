#!lua flags=allow-oom
-- set, members
redis.call('SADD', args.set, unpack(args.members))
