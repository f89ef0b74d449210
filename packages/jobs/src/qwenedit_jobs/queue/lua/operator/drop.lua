-- include: queue_lengths pictures
-- id → 1 when it was among the dead, 0 when not. Its pictures go, and its job is forgotten at once when its user has the answer, and else as
-- every finished one.
local id = ARGV[FIRST]

local dropped = redis.call('ZREM', DEAD, id)
if dropped == 1 and look(id) == 'failed' then
    drop_pictures(pictures_of(id))
    if get(id, 'answered_at') then
        redis.call('ZREM', ENDED, id)
        redis.call('DEL', JOB .. id)
    else
        set(id, 'dropped', 1)
    end
end
return dropped
