-- The one clock by which scripts wait. Redis' own clock is the machine's and may step, by hours, in either direction.
-- What is due must not come hours late, or early, for that. `now()` passes as the wall clock does, but over a step:
-- between two notes of the time at least nothing passes, and at most MOST. Scripts that act on what is due note the
-- time, and forget it when nothing waits. TIME is a HASH: `seen`, the wall clock at the last note, and `ahead`, how far
-- it was ahead of `now()`.
local MOST = 10000 -- ms
local NOTED_EVERY = 500 -- ms

-- ms since the epoch, with their fraction: when the script first asked.
local wall_clock
local function look_at_wall()
    if not wall_clock then
        local time = redis.call('TIME')
        wall_clock = time[1] * 1000 + time[2] / 1000
    end
    return wall_clock
end

-- ms since the epoch, for times that people read.
local function wall()
    return math.floor(look_at_wall())
end

-- A number; nil for what is none, or not finite.
local function number_in(text)
    local number = tonumber(text)
    return number and number - number == 0 and number or nil
end

-- What `now()` is, with its fraction.
local seen, current
local function look_at_clock()
    if not current then
        local noted, at = redis.call('HMGET', TIME, 'seen', 'ahead'), look_at_wall()
        seen = number_in(noted[1])
        current = seen and seen + math.min(math.max(at - seen, 0), MOST) - (number_in(noted[2]) or 0) or at
    end
    return current
end

-- ms, for what is waited for.
local function now()
    return math.floor(look_at_clock())
end

local function note_time()
    local at, clock = look_at_wall(), look_at_clock()
    if not seen or math.abs(at - seen) >= NOTED_EVERY then
        redis.call('HSET', TIME, 'seen', math.floor(at), 'ahead', math.floor(at - clock + 0.5))
    end
    return clock
end
