#!lua flags=allow-oom
-- key, replica, lease in ms → 1 if the replica leads from now on, 0 if another one does
local leader = redis.call('GET', args.key)
if leader and leader ~= args.replica then
    return 0
end
redis.call('SET', args.key, args.replica, 'PX', args.lease)
return 1
