-- include: queue_lengths redis_memory
-- Room for the results of jobs that were accepted and have not ended: nobody else's pictures may take it.
local SIZES_KEPT = 100 -- recent results, of which the largest counts
local SIZES_ENOUGH = 20 -- of fewer no result is believed to be small
local LARGEST_RESULT = 536870912 -- bytes that Redis takes as one string; whatever else a worker writes here
local EXPECTED = 2097152 -- bytes of a result until then: a PNG of a megapixel
local ROUNDED_UP = 1.25 -- what Redis' allocator takes at most for a byte of a large string

local function note_result(bytes)
    redis.call('LPUSH', SIZES, bytes)
    redis.call('LTRIM', SIZES, 0, SIZES_KEPT - 1)
end

-- Bytes that the results of all unfinished jobs, and of so many more, may take.
local function promised(more)
    local sizes = redis.call('LRANGE', SIZES, 0, -1)
    local largest = #sizes < SIZES_ENOUGH and EXPECTED or 0
    for _, bytes in ipairs(sizes) do
        largest = math.max(largest, math.min(count_in(bytes) or 0, LARGEST_RESULT))
    end
    return (waiting + running + draining + delayed + more) * largest * ROUNDED_UP
end

-- Whether so many bytes fit beside what was promised and one job's result more. Pictures that nobody waits for go for
-- them. Where a job's photos are receipts its result will be one as well, and nothing is promised.
local function fits(bytes, used, limit, receipts)
    local missing = used + bytes + (receipts and 0 or promised(1)) - limit
    return make_room(missing) >= missing
end
