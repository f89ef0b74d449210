-- include: queue_lengths pictures
-- The rule of admission: beside what is used there must be room for the results of all unfinished jobs and of one more,
-- below a share of `maxmemory`. Pictures of answered jobs go for it, oldest first.
local UNKNOWN = 2097152 -- bytes that a result takes before any is known: a PNG of a megapixel
local LARGEST = 50000000 -- bytes of the largest legal one, whatever a worker has written here
local ROUNDED_UP = 1.25 -- what Redis' allocator takes at most for a byte of a large string
local FORGETS = 0.98 -- of the largest result, with each that is smaller
local AT_MOST = 2000 -- pictures that one call deletes

local function expected()
    return math.min(count_in(redis.call('GET', LARGEST_RESULT)) or UNKNOWN, LARGEST)
end

local function note_result(bytes)
    redis.call('SET', LARGEST_RESULT, math.floor(math.max(bytes, expected() * FORGETS)))
end

-- Has room for so many bytes if that can be. Returns whether there is, and what Redis says: bytes in use, the limit (0:
-- none), and the bytes that are kept free for results.
local function make_room(bytes, share)
    local told = redis.pcall('INFO', 'memory')
    local function said(field)
        return type(told) == 'string' and tonumber(string.match(told, field .. ':(%d+)')) or 0
    end
    local used, limit = said('used_memory'), said('maxmemory')
    local kept_free = (waiting + running + draining + delayed) * expected() * ROUNDED_UP
    local missing = used + bytes + kept_free + expected() * ROUNDED_UP - limit * share
    for _, ref in ipairs(limit > 0 and missing > 0 and redis.call('ZRANGE', ANSWERED, 0, AT_MOST - 1) or {}) do
        local size = redis.call('STRLEN', PICTURE .. ref)
        drop_pictures({ ref })
        missing, used = missing - size, used - size
        if missing <= 0 then
            break
        end
    end
    return limit == 0 or missing <= 0, used, limit, math.floor(kept_free)
end
