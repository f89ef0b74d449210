-- What every transition needs. A script checks first and writes after: over `maxmemory` Redis refuses its first
-- write, and nothing is half done. Keys of jobs that a script finds by itself are built from prefixes, which Redis
-- Cluster would not allow; one queue lives in one slot anyway, and Cluster is not supported.
local JOB_QUEUE, LEASES, DRAINING, DELAYED, DEAD, EVENTS, NUDGE, PAUSED, HELD, LOST, ANSWERED, CLOCK, LARGEST_RESULT,
    DROPPED, ENDED = unpack(KEYS)
local JOB, UNFINISHED, CLAIM, PICTURE, RETENTION, DEAD_KEPT = unpack(ARGV, 1, 6)
local FIRST = 7 -- index of a transition's own first argument

local time = redis.call('TIME')
local NOW = time[1] * 1000 + math.floor(time[2] / 1000)

local function get(id, field)
    return redis.call('HGET', JOB .. id, field)
end

local function set(id, ...)
    redis.call('HSET', JOB .. id, ...)
end

-- A number that a job's hash holds; nil for what is none, or not finite. Workers write hashes: such a number must stop no
-- script that deals with other jobs as well.
local function number_in(text)
    local number = tonumber(text)
    return number and number - number == 0 and number or nil
end

-- A count, or a time in milliseconds; nil for anything else: what is larger fits no program that reads it, see parsing.py.
local function count_in(text)
    local number = tonumber(text)
    return number and number >= 0 and number <= 9e12 and number % 1 == 0 and number or nil
end

local KNOWN = { queued = true, running = true, delayed = true, done = true, failed = true, cancelled = true }
local FINAL = { done = true, failed = true, cancelled = true }
local UNKNOWN_FOR = 60000 -- ms until a job whose state is of another version is looked at again; it is left as it is

-- An id's state, and whether its job waited too long. No state: it is no job's id.
local function look(id)
    local found = redis.pcall('HMGET', JOB .. id, 'state', 'expires_at')
    if found.err then
        return nil
    end
    return found[1], (tonumber(found[2]) or math.huge) <= NOW
end

-- Of the job that `holds` looked at: whatever is asked of it afterwards was read in the same call.
local seen = {}
local function known(id, field)
    if seen.id == id then
        return seen[field]
    end
    return get(id, field)
end

local function holds(id, token)
    local found = redis.call('HMGET', JOB .. id, 'state', 'token', 'cancelling', 'user')
    seen = { id = id, token = found[2], cancelling = found[3], user = found[4] }
    return found[1] == 'running' and found[2] == token
end

local function cancelling(id)
    return known(id, 'cancelling') == '1'
end
