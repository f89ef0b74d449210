-- KEYS: workers about_prefix
-- worker, about: what it says of itself, kept: seconds until that is forgotten
redis.call('ZADD', WORKERS, wall(), args.worker)
redis.call('ZREMRANGEBYSCORE', WORKERS, '-inf', wall() - args.kept * 1000)
redis.call('ZREMRANGEBYSCORE', WORKERS, wall() + args.kept * 1000, 'inf') -- the clock has gone back
redis.call('SET', ABOUT_PREFIX .. args.worker, args.about, 'EX', args.kept)
