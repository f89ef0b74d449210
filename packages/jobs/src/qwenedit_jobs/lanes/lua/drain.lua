#!lua flags=allow-oom
-- stream, prefixes: of jobs as the bot accepted them and as workers write them, count → how many entries of the stream went into the lanes of the chats that wait for them, with the
-- job's user as the sender. An entry whose job is not known has a lane of its own, or one with others where its id is
-- none. Workers write the stream: what is too large for a job's end is dropped.
local MOST = 4096 -- bytes; an end has 60

local function lane_and_sender(id)
    local found
    for _, prefix in ipairs(args.prefixes) do -- the release before had only the latter
        found = type(found) == 'string' and found or redis.pcall('HGET', prefix .. id, 'payload')
    end
    local read, job = pcall(cjson.decode, type(found) == 'string' and found or '')
    local reply = read and type(job) == 'table' and job.reply
    local chat = type(reply) == 'table' and reply.chat_id
    local user = read and type(job) == 'table' and job.user_id
    local other = 'job:' .. (#id <= 100 and id:match('^[!-~]+$') or '') -- its holder reads UTF-8 only
    return type(chat) == 'number' and written(chat) or other, type(user) == 'number' and written(user) or ''
end

local drained = redis.call('XRANGE', args.stream, '-', '+', 'COUNT', args.count)
for _, found in ipairs(drained) do
    local fields = {}
    for i = 1, #found[2], 2 do
        fields[found[2][i]] = found[2][i + 1]
    end
    redis.call('XDEL', args.stream, found[1])
    local payload = cjson.encode(fields)
    if #payload <= MOST then
        local lane, sender = lane_and_sender(fields.id or '')
        put(lane, sender, found[1], payload, 0)
    end
end
return #drained
