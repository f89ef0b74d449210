-- include: pictures
-- How much of Redis is in use, and room for what is new.
local AT_ONCE, AT_MOST = 200, 2000 -- pictures that one look finds, and that one call deletes to make room

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
    local freed, dropped = 0, 0
    while freed < bytes and dropped < AT_MOST do
        local oldest = redis.call('ZRANGE', ANSWERED, 0, AT_ONCE - 1)
        if #oldest == 0 then
            break
        end
        for _, ref in ipairs(oldest) do
            if freed >= bytes then
                break
            end
            freed = freed + redis.call('STRLEN', PICTURE .. ref)
            drop_pictures({ ref })
        end
        dropped = dropped + #oldest
    end
    return freed
end
