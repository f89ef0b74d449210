-- Behind the lanes' prelude. KEYS: after those of the lanes, HASH lane|sender → messages that were not taken.
-- ARGV: after the prefix of lanes, the prefixes of seen ids and of albums, seconds to remember an id, milliseconds to wait
-- for an album's next message, then for each update: id, lane, sender, entries that they may have waiting (0: any number),
-- update, 1 when the answer to a burst is best given to it, or 0, album or '', message id
-- → number of updates that were new. Marking and adding are one step: an update is taken once, whoever asks twice.
-- An album has its place from its first message on; its entry is due when no other message of it has come for a while.
local SEEN, ALBUM, remembered, window = unpack(ARGV, FIRST, FIRST + 3)
local REFUSED = KEYS[9]

local function put_album(lane, sender, most, name, message, update)
    local id, album, due = 'album:' .. name, ALBUM .. name, written(NOW + window)
    local payload = cjson.encode({ open_album = name })
    if put(lane, sender, id, payload, most, due) == 'full' then
        return 'full'
    end
    redis.call('HSET', ENTRIES, id, table.concat({ lane, sender, due, payload }, '\n'))
    redis.call('HSET', album, message, update)
    redis.call('EXPIRE', album, remembered)
    return 'put'
end

local taken = 0
for i = FIRST + 4, #ARGV, 8 do
    local id, lane, sender, most, update, answerable, name, message = unpack(ARGV, i, i + 7)
    most = tonumber(most)
    if redis.call('SET', SEEN .. id, 1, 'NX', 'EX', remembered) then
        local outcome
        if name == '' or redis.call('HEXISTS', ALBUM .. name, 'closed') == 1 then
            outcome = put(lane, sender, id, update, most)
        else
            outcome = put_album(lane, sender, most, name, message, update)
        end
        if outcome == 'full' then
            local from = lane .. '|' .. sender
            local notice, payload = 'refused:' .. from, '{"refused":' .. update .. '}'
            redis.call('HINCRBY', REFUSED, from, 1)
            if put(lane, sender, notice, payload, 0) == 'known' and answerable == '1' and entry(notice) then
                redis.call('HSET', ENTRIES, notice, table.concat({ lane, sender, '', payload }, '\n'))
            end
        end
        taken = taken + 1
    end
end
return taken
