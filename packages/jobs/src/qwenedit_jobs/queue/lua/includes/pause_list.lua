-- include: prelude
-- The line of a paused queue.

-- Moves the line aside, behind what stands there already. Popped before it is pushed: a full Redis refuses a push as a
-- script's first write.
local function set_aside()
    local id = redis.call('RPOP', LINE)
    while id do
        redis.call('LPUSH', HELD, id)
        id = redis.call('RPOP', LINE)
    end
end
