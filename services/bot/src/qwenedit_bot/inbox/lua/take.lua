-- KEYS: seen_prefix album_prefix
-- updates, each with: id, lane, sender, `most` entries that they may have waiting (0: any number), whether it `calls` for
-- an answer, the `update` itself as JSON, album or '', message id; remembered: seconds for which an id is; window: ms to
-- wait for an album's next message → number of updates that were new
-- Marking and adding is one step: an update that arrives twice is taken once. An album has its place from its first
-- message on; its entry is due when no other message of it has come for a while.
-- The first update beyond a sender's share that calls for an answer stands for all that follow until it's handled.
local function put_album(lane, sender, most, name, message, update)
    local id, album, due = 'album:' .. name, ALBUM_PREFIX .. name, written(exactly_now() + args.window)
    local payload = cjson.encode({ open_album = name })
    if put(lane, sender, id, payload, most, due) == 'full' then
        return 'full'
    end
    redis.call('HSET', ENTRIES, id, pack(lane, sender, due, payload))
    redis.call('HSET', album, message, update)
    redis.call('EXPIRE', album, args.remembered)
    return 'put'
end

local taken = 0
for _, new in ipairs(args.updates) do
    local lane, sender = new.lane, new.sender
    if redis.call('SET', SEEN_PREFIX .. new.id, 1, 'NX', 'EX', args.remembered) then
        local outcome
        if new.album == '' or redis.call('HEXISTS', ALBUM_PREFIX .. new.album, 'closed') == 1 then
            outcome = put(lane, sender, new.id, new.update, new.most)
        else
            outcome = put_album(lane, sender, new.most, new.album, new.message, new.update)
        end
        if outcome == 'full' and new.calls then
            put(lane, sender, 'refused:' .. lane .. '|' .. sender, '{"refused":' .. new.update .. '}', 0)
        end
        taken = taken + 1
    end
end
return taken
