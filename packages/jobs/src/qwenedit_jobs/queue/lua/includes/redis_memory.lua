-- include: pictures
-- How much of Redis is in use, and room for what is new.
local AT_ONCE = 200 -- pictures that one call deletes to make room

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
