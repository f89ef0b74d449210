-- include: prelude
-- Pictures of jobs: which there are, and which may go.
local FAILED_KEPT = 3600 -- s that a failed job keeps its pictures: so long an operator may have it tried again
local RECEIPT = '^qwenedit%-receipt:1 (%S+ %S+) ' -- of a picture that is an object: the store, and its name there
local LONGEST_RECEIPT = 1024 -- bytes
local MOST_OF_JOB = 16 -- pictures; jobs have three at most, and those of later versions may have more
local LOOKED_AT = 10 -- of the list of those that nobody waits for, with each that comes

-- A job's own pictures. A payload that this version cannot read has none; a reference to another job's is left alone.
local function pictures_of(id, payload)
    local readable, refs = pcall(function()
        return cjson.decode(payload or get(id, 'payload')).edit.pictures
    end)
    local own = {}
    for _, ref in ipairs(readable and type(refs) == 'table' and refs or {}) do
        if #own < MOST_OF_JOB and type(ref) == 'string' and string.sub(ref, 1, #id + 1) == id .. ':' then
            own[#own + 1] = ref
        end
    end
    return own
end

local function picture_in(result)
    local readable, ref = pcall(function()
        return cjson.decode(result).picture
    end)
    return readable and type(ref) == 'string' and ref or nil
end

-- Removes what is kept of a picture. No script can delete an object: where a receipt went, the bot is left its name.
local function drop(key)
    local kept = redis.pcall('GETRANGE', key, 0, LONGEST_RECEIPT - 1)
    redis.call('UNLINK', key)
    local object = type(kept) == 'string' and string.match(kept, RECEIPT)
    if object then
        redis.call('SADD', DROPPED, object)
    end
end

local function drop_pictures(refs)
    for _, ref in ipairs(refs) do
        drop(PICTURE .. ref)
        redis.call('ZREM', ANSWERED, ref)
    end
end

-- Of the oldest in the list those that are gone leave it.
local function tidy_spare_pictures()
    local oldest = redis.call('ZRANGE', ANSWERED, 0, LOOKED_AT - 1)
    local keys = {}
    for index, ref in ipairs(oldest) do
        keys[index] = PICTURE .. ref
    end
    if #keys == 0 or redis.call('EXISTS', unpack(keys)) == #keys then
        return
    end
    for index, ref in ipairs(oldest) do
        if redis.call('EXISTS', keys[index]) == 0 then
            redis.call('ZREM', ANSWERED, ref)
        end
    end
end

-- Nobody waits for these pictures any more: they are the first to go when others need the room. The list goes with the
-- last of all.
local function spare_pictures(refs)
    local longest, members = 0, {}
    for _, ref in ipairs(refs) do
        local left = redis.call('PTTL', PICTURE .. ref)
        if left > 0 then
            longest = math.max(longest, left)
            members[#members + 1] = NOW
            members[#members + 1] = ref
        end
    end
    tidy_spare_pictures()
    if #members > 0 then
        redis.call('ZADD', ANSWERED, unpack(members))
        if redis.call('PTTL', ANSWERED) < longest then
            redis.call('PEXPIRE', ANSWERED, longest)
        end
    end
end

-- A job that has ended needs its photos no more. A failed one keeps them for a while, as long as there is room.
local function pictures_of_ended(id, state)
    local refs = pictures_of(id)
    if state ~= 'failed' then
        drop_pictures(refs)
        return
    end
    for _, ref in ipairs(refs) do
        if redis.call('PTTL', PICTURE .. ref) > FAILED_KEPT * 1000 then
            redis.call('EXPIRE', PICTURE .. ref, FAILED_KEPT)
        end
    end
    spare_pictures(refs)
end
