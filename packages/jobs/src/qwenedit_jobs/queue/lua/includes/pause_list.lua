-- include: prelude
-- The waiting jobs of a paused queue.

-- Moves the waiting jobs to the held list, behind those that are there already. Popped before it is pushed: a full Redis
-- refuses a push as a script's first write.
local function hold_queue()
    local id = redis.call('RPOP', JOB_QUEUE)
    while id do
        redis.call('LPUSH', HELD, id)
        id = redis.call('RPOP', JOB_QUEUE)
    end
end
