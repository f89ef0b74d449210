-- include: result_room user_pictures
-- user, reference, bytes, seconds for which it is kept, share of the memory for pictures, share of one user, 1 for a
-- receipt
-- → {'reserved', ms for which to keep it} | {'share'}: the user has too much | {'full'}: all have
-- Before the bytes are sent, and with room left for the results of all jobs. Pictures that nobody waits for make room:
-- the user's own, and everybody's.
local user, ref, bytes, seconds, share, share_of_one, receipt = unpack(ARGV, FIRST)
local LEAST = 16384 -- bytes that a picture counts at least: else a crowd of tiny ones would make the sum long
local ON_ITS_WAY = 30000 -- ms for which an announced picture counts that has not come
local UNSEEN = 64 -- pictures of a user up to which what was noted of them is believed where it is within the share
bytes = math.max(tonumber(bytes), LEAST)

local all = redis.call('HGETALL', STORED .. user)

-- What the user has beside this picture by what was noted: never less than they have.
local function noted()
    local sum = 0
    for index = 1, #all, 2 do
        if all[index] ~= ref then
            sum = sum + math.max(tonumber(string.match(all[index + 1], '^%d+')) or math.huge, LEAST)
        end
    end
    return sum
end

-- The same by a look at each, what of it may go (oldest first), and names of what is gone.
local function stored()
    local sum, spare, gone = 0, {}, {}
    for index = 1, #all, 2 do
        local other, size = all[index], redis.call('STRLEN', PICTURE .. all[index])
        local announced, at = string.match(all[index + 1], '^(%d+) (%d+)$')
        if size == 0 and announced and NOW - at < ON_ITS_WAY then
            size = tonumber(announced)
        end
        if size == 0 then
            gone[#gone + 1] = other
        elseif other ~= ref then
            size = math.max(size, LEAST)
            sum = sum + size
            local since = redis.call('ZSCORE', ANSWERED, other)
            if since then
                spare[#spare + 1] = { other, size, tonumber(since) }
            end
        end
    end
    table.sort(spare, function(one, another)
        return one[3] < another[3]
    end)
    return sum, spare, gone
end

local used, limit = memory()
if #all > 2 * UNSEEN or limit > 0 and noted() + bytes > limit * share_of_one then
    local sum, spare, gone = stored()
    for _, other in ipairs(gone) do
        redis.call('HDEL', STORED .. user, other)
    end
    for _, one in ipairs(limit > 0 and spare or {}) do
        if sum + bytes <= limit * share_of_one then
            break
        end
        drop_pictures({ one[1] })
        sum, used = sum - one[2], used - one[2]
    end
    if limit > 0 and sum + bytes > limit * share_of_one then
        return { 'share' }
    end
end
if limit > 0 and not fits(bytes, used, limit * share, receipt == '1') then
    return { 'full' }
end
redis.call('HDEL', STORED .. user, ref) -- a full Redis refuses HSET as a script's first write
count_picture(user, ref, bytes .. ' ' .. NOW, seconds)
-- The same picture again, of a job that was accepted meanwhile, must not be forgotten sooner.
return { 'reserved', tostring(math.max(seconds * 1000, redis.call('PTTL', PICTURE .. ref))) }
