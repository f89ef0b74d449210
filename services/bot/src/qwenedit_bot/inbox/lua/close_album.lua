-- Behind the lanes' prelude. KEYS: after those of the lanes, an album. ARGV: entry, seconds to remember that it is closed
-- → the album's updates as one payload, or '' where Redis has forgotten them. Repeated it returns the same.
local id, remembered = unpack(ARGV, FIRST)
local ALBUM = KEYS[10]

local lane, sender, _, payload = entry(id)
if not lane then
    return ''
end
local flat = redis.call('HGETALL', ALBUM)
local messages, updates = {}, {}
for i = 1, #flat, 2 do
    if flat[i] ~= 'closed' then
        messages[#messages + 1] = flat[i]
        updates[flat[i]] = flat[i + 1]
    end
end
if #messages == 0 then
    return string.find(payload, '^{"album":') and payload or ''
end
table.sort(messages, function(one, other) return tonumber(one) < tonumber(other) end)
for i, message in ipairs(messages) do
    messages[i] = updates[message]
end
local whole = '{"album":[' .. table.concat(messages, ',') .. ']}'
redis.call('DEL', ALBUM)
redis.call('HSET', ALBUM, 'closed', 1)
redis.call('EXPIRE', ALBUM, remembered)
redis.call('HSET', ENTRIES, id, table.concat({ lane, sender, '', whole }, '\n'))
return whole
