-- include: finish clock_jumps
-- limit → ids of the jobs among the next `limit` in line that waited too long, and have failed
-- The line is in order of age but for those that were tried before, so the next ones are the oldest.
look_at_clock()
local expired = {}
for _, id in ipairs(redis.call('LRANGE', QUEUE, -ARGV[FIRST], -1)) do
    local state, too_late = look(id)
    if state == 'queued' and too_late then
        redis.call('LREM', QUEUE, -1, id)
        finish(id, 'failed', 'reason', 'expired')
        expired[#expired + 1] = id
    end
end
return expired
