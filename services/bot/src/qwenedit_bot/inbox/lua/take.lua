-- Behind the lanes' prelude. KEYS: after those of the lanes, HASH lane|sender → messages that were not taken.
-- ARGV: after the prefix of lanes, the prefixes of seen ids and of albums, seconds to remember an id, milliseconds to wait
-- for an album's next message, then each update as JSON: its id, lane, sender, `most` entries that they may have waiting
-- (0: any number), the update itself, whether it is `answerable`, album or '', message id
-- → number of updates that were new. Marking and adding are one step: an update is taken once, whoever asks twice.
-- An album has its place from its first message on; its entry is due when no other message of it has come for a while.
local SEEN, ALBUM, remembered, window = unpack(ARGV, FIRST, FIRST + 3)
local REFUSED = KEYS[10]

local function put_album(lane, sender, most, name, message, update)
    local id, album, due = 'album:' .. name, ALBUM .. name, written(exactly_now() + window)
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
for i = FIRST + 4, #ARGV do
    local new = cjson.decode(ARGV[i])
    local lane, sender = new.lane, new.sender
    if redis.call('SET', SEEN .. new.id, 1, 'NX', 'EX', remembered) then
        local outcome
        if new.album == '' or redis.call('HEXISTS', ALBUM .. new.album, 'closed') == 1 then
            outcome = put(lane, sender, new.id, new.update, new.most)
        else
            outcome = put_album(lane, sender, new.most, new.album, new.message, new.update)
        end
        if outcome == 'full' then
            local from = lane .. '|' .. sender
            local notice, payload = 'refused:' .. from, '{"refused":' .. new.update .. '}'
            redis.call('HINCRBY', REFUSED, from, 1)
            if put(lane, sender, notice, payload, 0) == 'known' and new.answerable and entry(notice) then
                redis.call('HSET', ENTRIES, notice, table.concat({ lane, sender, '', payload }, '\n'))
            end
        end
        taken = taken + 1
    end
end
return taken
