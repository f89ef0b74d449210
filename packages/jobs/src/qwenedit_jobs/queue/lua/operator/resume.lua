-- include: queue_lengths
-- → 1 when this call ended a pause, 0 when there was none
-- The line goes back to the consuming end, even one whose pause somebody deleted by hand.
local ended = redis.call('DEL', PAUSED)
local id = redis.call('LPOP', HELD)
while id do
    redis.call('RPUSH', JOB_QUEUE, id)
    id = redis.call('LPOP', HELD)
end
return ended
