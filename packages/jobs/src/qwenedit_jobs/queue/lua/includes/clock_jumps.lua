-- include: prelude
-- Redis' clock is the machine's and may jump. Between two looks at it, which a running installation takes every second,
-- no more than this passes: a larger step is a jump, or nobody was there, and every time that is waited for moves with it.
local JUMP = 300000 -- ms
local SELDOM = 1000 -- ms between two notes of the time

local function move(set_of_times, step)
    local all = redis.call('ZRANGE', set_of_times, 0, -1, 'WITHSCORES')
    for index = 1, #all, 2 do
        redis.call('ZADD', set_of_times, all[index + 1] + step, all[index])
    end
end

local function move_patience(ids, step)
    for _, id in ipairs(ids) do
        local found = redis.pcall('HGET', JOB .. id, 'expires_at')
        if type(found) == 'string' and number_in(found) then
            set(id, 'expires_at', found + step)
        end
    end
end

-- Before the first comparison with a time that another call has written. A call that brings something new asks for jumps
-- alone: a full Redis must refuse its own first write.
local function look_at_clock(for_jumps_alone)
    local seen = number_in(redis.call('GET', CLOCK))
    local step = seen and NOW - seen or 0
    local jumped = math.abs(step) > JUMP
    if not jumped and (for_jumps_alone or seen and step >= 0 and step < SELDOM) then
        return
    end
    local waiting = {}
    if jumped then -- read before anything is written: one of these keys may hold something else
        waiting[1], waiting[2] = redis.call('LRANGE', JOB_QUEUE, 0, -1), redis.call('LRANGE', HELD, 0, -1)
        waiting[3] = redis.call('ZRANGE', DELAYED, 0, -1)
        redis.call('ZCARD', LEASES)
        redis.call('ZCARD', DRAINING)
    end
    redis.call('DEL', CLOCK) -- a full Redis refuses SET as a script's first write
    redis.call('SET', CLOCK, NOW)
    if jumped then
        for _, ids in ipairs(waiting) do
            move_patience(ids, step)
        end
        for _, set_of_times in ipairs({ LEASES, DRAINING, DELAYED }) do
            move(set_of_times, step)
        end
    end
end
