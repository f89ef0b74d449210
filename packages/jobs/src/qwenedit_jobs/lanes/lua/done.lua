-- lane, id, token, the key of what it waited for: an entry is worked off, whoever holds its lane now → {1, or 0 when that
-- was known; 1 when other entries wait that nobody has in hand, however long, or 0}
local lane, id, token, why_key = unpack(ARGV, FIRST)

local held = holds(lane, token)
local _, sender = entry(id)
if sender then
    redis.call('HDEL', ENTRIES, id)
    redis.call('HDEL', FAILURES, id)
    if not held then -- else it can't wait apart
        redis.call('ZREM', PARKED, id)
        redis.call('SREM', apart_in(lane), id)
    end
    redis.call('UNLINK', why_key)
    take_out(id, lane, sender)
end
if held then
    end_hold(lane)
end
return { sender and 1 or 0, math.min(1, redis.call('EXISTS', READY, PARKED)) }
