-- KEYS: album_prefix
-- id of the entry, album, remembered: seconds for which it is known to be closed → the album's updates as one payload, or
-- '' where Redis has forgotten them. Repeated it returns the same.
local ALBUM = ALBUM_PREFIX .. args.album
local lane, sender, _, payload = entry(args.id)
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
redis.call('EXPIRE', ALBUM, args.remembered)
redis.call('HSET', ENTRIES, args.id, pack(lane, sender, '', whole))
return whole
