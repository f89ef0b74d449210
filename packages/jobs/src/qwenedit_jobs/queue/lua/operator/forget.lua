-- include: pictures
-- id → 1 when nothing is known of the job any more, 0 while it is not finished, or its user has no answer yet
local id = ARGV[FIRST]

local state = get(id, 'state')
if not state then
    return 1
end
if not get(id, 'answered_at') then
    return 0
end
redis.call('ZREM', ENDED, id)
redis.call('ZREM', DEAD, id)
drop_pictures(pictures_of(id))
drop_pictures({ picture_in(get(id, 'result')) })
redis.call('DEL', JOB .. id)
return 1
