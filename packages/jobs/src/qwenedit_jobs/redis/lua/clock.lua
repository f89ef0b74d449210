-- The one clock by which scripts wait. Redis' own clock is the machine's and may step, by hours, in either direction.
-- What is due must not come hours late, or early, for that. `now()` passes as the wall clock does, but over a step:
-- between two notes of the time at least nothing passes, and at most MOST. Scripts that act on what is due note the
-- time. TIME is a HASH: `seen`, the wall clock at the last note, and `ahead`, how far it is ahead of `now()`. The
-- difference goes away by itself, by a tenth of the time that passes.
local MOST = 10000 -- ms
local CATCH_UP = 0.1
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

-- ms since the epoch, for what is told to people.
local function wall()
    return math.floor(look_at_wall())
end

-- A number; nil for what is none, or not finite.
local function number_in(text)
    local number = tonumber(text)
    return number and number - number == 0 and number or nil
end

-- What `now()` is, with its fraction; what the wall clock says; how much of a step is not passed over; whether to note
-- it.
local looked
local function look_at_clock()
    if looked then
        return unpack(looked)
    end
    local noted = redis.call('HMGET', TIME, 'seen', 'ahead')
    local at = look_at_wall()
    local seen, ahead = number_in(noted[1]) or at, number_in(noted[2]) or 0
    local passed = math.min(math.max(at - seen, 0), MOST)
    local to_be_noted = passed >= NOTED_EVERY or at < seen or not number_in(noted[1])
    looked = { seen + passed - ahead, at, passed, to_be_noted }
    return unpack(looked)
end

-- ms, for what is waited for.
local function now()
    return math.floor((look_at_clock()))
end

-- Where nothing waits the difference goes away at once.
local function note_time(nothing_waits)
    if nothing_waits then
        redis.call('DEL', TIME)
        return look_at_wall()
    end
    local current, at, passed, to_be_noted = look_at_clock()
    if not to_be_noted then
        return current
    end
    local ahead = at - current
    local less = math.min(math.abs(ahead), passed * CATCH_UP)
    ahead = math.floor(ahead > 0 and ahead - less or ahead + less)
    redis.call('HSET', TIME, 'seen', math.floor(at), 'ahead', ahead)
    return at - ahead
end
