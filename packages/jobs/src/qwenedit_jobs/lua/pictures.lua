-- Pictures of jobs: which there are, which may go, and how much of Redis they may fill. Behind the prelude.
local FAILED_KEPT = 3600 -- s that a failed job keeps its pictures: so long it may be tried again
local AT_ONCE = 200 -- pictures that one call deletes to make room

-- A job's own pictures. A payload that this version cannot read has none; a reference to another job's is left alone.
local function pictures_of(id)
    local known, refs = pcall(function()
        return cjson.decode(get(id, 'payload')).edit.pictures
    end)
    local own = {}
    for _, ref in ipairs(known and type(refs) == 'table' and refs or {}) do
        if type(ref) == 'string' and string.sub(ref, 1, #id + 1) == id .. ':' then
            own[#own + 1] = ref
        end
    end
    return own
end

local function result_of(id)
    local known, ref = pcall(function()
        return cjson.decode(get(id, 'result')).picture
    end)
    return known and type(ref) == 'string' and ref or nil
end

local function drop_pictures(refs)
    for _, ref in ipairs(refs) do
        redis.call('UNLINK', PICTURE .. ref)
        redis.call('ZREM', ANSWERED, ref)
    end
end

-- Nobody waits for these pictures any more: they are the first to go when others need the room. Of the oldest, those
-- that are gone leave the list with each call, and the list goes with the last of all.
local function spare_pictures(refs)
    for _, ref in ipairs(redis.call('ZRANGE', ANSWERED, 0, 9)) do
        if redis.call('EXISTS', PICTURE .. ref) == 0 then
            redis.call('ZREM', ANSWERED, ref)
        end
    end
    for _, ref in ipairs(refs) do
        local left = redis.call('PTTL', PICTURE .. ref)
        if left > 0 then
            redis.call('ZADD', ANSWERED, NOW, ref)
            if redis.call('PTTL', ANSWERED) < left then
                redis.call('PEXPIRE', ANSWERED, left)
            end
        end
    end
end

-- A failed job keeps its pictures for a while, and a cancelled one not at all.
local function pictures_of_ended(id, state)
    if state == 'cancelled' then
        drop_pictures(pictures_of(id))
    elseif state == 'failed' then
        local refs = pictures_of(id)
        for _, ref in ipairs(refs) do
            if redis.call('PTTL', PICTURE .. ref) > FAILED_KEPT * 1000 then
                redis.call('EXPIRE', PICTURE .. ref, FAILED_KEPT)
            end
        end
        spare_pictures(refs)
    end
end

-- A failed job is to be executed again: what is left of its pictures is kept as long as those of a new one.
local function keep_pictures(id)
    for _, ref in ipairs(pictures_of(id)) do
        redis.call('ZREM', ANSWERED, ref)
        local seconds = get(id, 'picture_ttl')
        if seconds then
            redis.call('EXPIRE', PICTURE .. ref, seconds)
        end
    end
end

-- Notes a picture as its user's. An announced one counts before its bytes are there, one that came as long as they are.
local function count_picture(user, ref, announced, seconds)
    redis.call('HDEL', STORED .. user, ref) -- a full Redis refuses HSET as a script's first write
    redis.call('HSET', STORED .. user, ref, announced and announced .. ' ' .. NOW or '')
    if redis.call('TTL', STORED .. user) < tonumber(seconds) then
        redis.call('EXPIRE', STORED .. user, seconds)
    end
end

-- Bytes in use and the limit, by Redis' own account; no limit where it does not say.
local function memory()
    local told = redis.pcall('INFO', 'memory')
    if type(told) ~= 'string' then
        return 0, 0
    end
    return tonumber(string.match(told, 'used_memory:(%d+)')) or 0, tonumber(string.match(told, 'maxmemory:(%d+)')) or 0
end

-- Deletes pictures that nobody waits for, oldest first, until so many bytes are free; returns how many are.
local function make_room(bytes)
    local freed = 0
    for _, ref in ipairs(bytes > 0 and redis.call('ZRANGE', ANSWERED, 0, AT_ONCE - 1) or {}) do
        if freed >= bytes then
            break
        end
        freed = freed + redis.call('STRLEN', PICTURE .. ref)
        drop_pictures({ ref })
    end
    return freed
end

