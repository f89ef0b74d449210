-- include: queue_lengths pause_list
-- → {1 when this call paused the queue and 0 when it was paused, since when in ms}
if paused then
    return { 0, redis.call('GET', PAUSED) }
end
redis.call('DEL', PAUSED) -- there is none: a full Redis refuses SET as a script's first write
redis.call('SET', PAUSED, NOW)
hold_queue()
return { 1, tostring(NOW) }
