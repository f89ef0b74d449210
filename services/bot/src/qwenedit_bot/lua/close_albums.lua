-- KEYS: open albums, stream. ARGV: prefix of chats' lines, prefix of albums, seconds to remember that one is closed
-- → albums closed now. Closing an album and adding it to the stream are one step: it is handled once, whichever
-- replica closes it.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 50)
for _, name in ipairs(due) do
    local album = ARGV[2] .. name
    local flat = redis.call('HGETALL', album)
    local ids, updates = {}, {}
    for i = 1, #flat, 2 do
        ids[#ids + 1] = flat[i]
        updates[flat[i]] = flat[i + 1]
    end
    if #ids > 0 then
        table.sort(ids, function(one, other) return tonumber(one) < tonumber(other) end)
        for i, id in ipairs(ids) do
            ids[i] = updates[id]
        end
        local entry = redis.call('XADD', KEYS[2], '*', 'update', '{"album":[' .. table.concat(ids, ',') .. ']}')
        local line = ARGV[1] .. string.match(name, '^(-?%d+):')
        redis.call('RPUSH', line, entry)
        redis.call('EXPIRE', line, ARGV[3])
        redis.call('DEL', album)
        redis.call('HSET', album, 'closed', 1)
        redis.call('EXPIRE', album, ARGV[3])
    end
    redis.call('ZREM', KEYS[1], name)
end
return #due
