-- DURATIONS: UNANSWERED_JOB FAILED_JOB_PICTURES
-- Precedes every script of the queue. A script gets the keys it touches, and its arguments as one JSON
-- object. Keys of single jobs are built from prefixes, which Redis Cluster would not allow; it is not supported. A
-- full Redis refuses no script (`allow-oom`): `enqueue` accepts a job only if there is room for its end. One that can't
-- write to its disk refuses all but those that only read (`no-writes`). A script
-- writes the job's own hash last, and takes it out of its place just before. So one that a key of a wrong type stops
-- half-way may be called again.
local args = cjson.decode(ARGV[1])

local DEAD_KEPT = 1000 -- jobs
local ENDED_KEPT = 1000 -- jobs
local KNOWN = { queued = true, running = true, delayed = true, done = true, failed = true, cancelled = true }
local FINAL = { done = true, failed = true, cancelled = true }

-- Workers can write anything of any length to what they share with the bot. The bot gets the first bytes of it.
local LONGEST = 256 -- bytes; an id has 100 at most
local function short(text)
    return string.sub(text or '', 1, LONGEST)
end

local function all_short(texts)
    for index, text in ipairs(texts) do
        texts[index] = short(text)
    end
    return texts
end

-- What every transition needs of a job's hash, and other fields by name; without a state for what is no job. Workers
-- write hashes: whatever they hold must stop no script that deals with other jobs as well.
local function read(id, ...)
    local fields = {
        'state', 'token', 'cancelling', 'draining', 'user', 'payload', 'attempt', 'max_attempts', 'delays', 'max_wait',
        'patience', ...
    }
    local job, found = { id = id }, redis.pcall('HMGET', JOB_PREFIX .. id, unpack(fields))
    for index, field in ipairs((found.err or #id > LONGEST) and {} or fields) do
        job[field] = found[index] or nil
    end
    return job
end

local function set(job, ...)
    redis.call('HSET', JOB_PREFIX .. job.id, ...)
end

-- A count, or a time in milliseconds; nil for anything else. What is larger fits no program that reads it, see
-- parsing.py.
local function count_in(text)
    local number = tonumber(text)
    return number and number >= 0 and number <= 9e12 and number % 1 == 0 and number or nil
end

local function add_bounded(set_of_jobs, id, at, most)
    redis.call('ZADD', set_of_jobs, at, id)
    redis.call('ZREMRANGEBYRANK', set_of_jobs, 0, -1 - most)
end

-- ---------------------------------------------------------------- the bot's own record

-- What the bot accepted as a job, and what its user got. Workers write the job's hash, but reach nothing of this.
local MOST_OF_USER = 1000 -- unfinished jobs; only a forged set has more

local function put_on_record(job)
    local record = ACCEPTED_PREFIX .. job.id
    redis.call('DEL', record)
    redis.call('HSET', record, 'payload', job.payload, 'user', job.user, 'sources', job.sources,
        'max_attempts', job.max_attempts, 'picture_ttl', job.picture_ttl, 'kept', job.kept)
    redis.call('EXPIRE', record, job.kept)
end

-- Some of its fields by name; nil for a job that isn't on record.
local function on_record(id, ...)
    local fields = { 'payload', ... }
    local found, record = redis.call('HMGET', ACCEPTED_PREFIX .. id, unpack(fields)), {}
    for index, field in ipairs(fields) do
        record[field] = found[index] or nil
    end
    return record.payload and record
end

-- Whether a job that isn't on record may be one that the release before accepted; see state_layout.py.
local function another_release_wrote()
    local layout = redis.call('HMGET', LAYOUT, 'noted', 'recorded', 'unrecorded_until')
    return not layout[2] or layout[1] ~= layout[2] or (number_in(layout[3]) or 0) * 1000 > wall()
end

-- Counts a user's unfinished jobs. If that would keep them from another one, takes out of the set what is none.
local function unfinished_of(user, most)
    local key = USER_PREFIX .. user
    local count = redis.call('SCARD', key)
    if count < most then
        return count
    end
    local ids, older = redis.call('SRANDMEMBER', key, MOST_OF_USER), another_release_wrote()
    if count > #ids then
        redis.call('UNLINK', key)
    end
    for _, id in ipairs(ids) do
        local job = read(id)
        local record = job.state and on_record(id, 'user')
        local owner = record and record.user or not record and older and job.user
        local is_one = job.state and not FINAL[job.state] and owner == user
        redis.call(is_one and 'SADD' or 'SREM', key, id)
    end
    return redis.call('SCARD', key)
end

-- ---------------------------------------------------------------- pictures

local MOST_OF_JOB = 16 -- pictures; jobs have three at most, and those of later versions may have more

local function is_own(job, ref)
    return type(ref) == 'string' and string.sub(ref, 1, #job.id + 1) == job.id .. ':'
end

-- A job's own pictures. A payload that this version cannot read has none; a reference to another job's is left alone.
local function pictures_of(job)
    local readable, refs = pcall(function()
        return cjson.decode(job.payload).edit.pictures
    end)
    local own = {}
    for _, ref in ipairs(readable and type(refs) == 'table' and refs or {}) do
        if #own < MOST_OF_JOB and is_own(job, ref) then
            own[#own + 1] = ref
        end
    end
    return own
end

-- The same of its result.
local function picture_in(job)
    local readable, ref = pcall(function()
        return cjson.decode(job.result).picture
    end)
    return readable and is_own(job, ref) and ref or nil
end

local function drop_pictures(refs)
    for _, ref in ipairs(refs) do
        redis.call('ZREM', ANSWERED_PICTURES, ref)
        redis.call('UNLINK', PICTURE_PREFIX .. ref)
    end
end

-- Nobody waits for these pictures any more: they are the first to go when others need the room. They are kept for so
-- many seconds at most.
local function spare_pictures(refs, seconds)
    for _, ref in ipairs(refs) do
        local left = redis.call('TTL', PICTURE_PREFIX .. ref)
        if left > seconds then
            redis.call('EXPIRE', PICTURE_PREFIX .. ref, seconds)
        end
        if left >= 0 then
            redis.call('ZADD', ANSWERED_PICTURES, wall(), ref)
        end
    end
end

-- A job that has ended needs its photos no more. A failed one keeps them for a while, as long as there is room.
local function pictures_of_ended(job, state)
    local refs = pictures_of(job)
    if state == 'failed' then
        spare_pictures(refs, FAILED_JOB_PICTURES)
        return
    end
    for _, ref in ipairs(refs) do
        redis.call('UNLINK', PICTURE_PREFIX .. ref)
    end
end

-- While the operator has the queue paused, waiting jobs are in another list. The job queue is empty then, so that no
-- worker wakes and KEDA starts none.
local where
local function line()
    where = where or redis.call('EXISTS', PAUSED) == 1 and HELD or JOB_QUEUE
    return where
end

-- Jobs in line, and those that pause between two attempts.
local function count_waiting()
    return redis.call('LLEN', line()) + redis.call('ZCARD', DELAYED)
end

-- The rule of admission: beside what is used there must be room for the results of all unfinished jobs and of one
-- more, below a share of `maxmemory`. Pictures of answered jobs go for it, oldest first. Results that are objects need
-- none.
local UNKNOWN = 2097152 -- bytes that a result takes before any is known: a PNG of a megapixel
local LARGEST = 50000000 -- bytes of the largest legal one, whatever a worker has written here
local ROUNDED_UP = 1.25 -- what Redis' allocator takes at most for a byte of a large string
local FORGETS = 0.98 -- of the largest result, with each that is smaller
local AT_MOST = 2000 -- pictures that one call deletes

local function expected()
    return math.min(count_in(redis.call('GET', LARGEST_RESULT)) or UNKNOWN, LARGEST)
end

local function note_result(bytes)
    local before = expected()
    local largest = math.floor(math.max(bytes, before * FORGETS))
    if largest ~= before then
        redis.call('SET', LARGEST_RESULT, largest)
    end
end

-- Has room for so many bytes if that can be. Returns whether there is, and what Redis says: bytes in use, the limit
-- (0: none), and the bytes that are kept free for results. Those need room if pictures lie here.
local function make_room(bytes, share, results_are_here, waiting)
    local told = redis.pcall('INFO', 'memory')
    local function said(field)
        return type(told) == 'string' and tonumber(string.match(told, field .. ':(%d+)')) or 0
    end
    local used, limit = said('used_memory'), said('maxmemory')
    if limit == 0 then
        return true, used, 0, 0
    end
    local unfinished = (waiting or count_waiting()) + redis.call('ZCARD', LEASES) + redis.call('ZCARD', DRAINING)
    local of_each = results_are_here and expected() * ROUNDED_UP or 0
    local kept_free = unfinished * of_each
    local missing = used + bytes + kept_free + of_each - limit * share
    for _, ref in ipairs(missing > 0 and redis.call('ZRANGE', ANSWERED_PICTURES, 0, AT_MOST - 1) or {}) do
        local size = redis.call('STRLEN', PICTURE_PREFIX .. ref)
        drop_pictures({ ref })
        missing, used = missing - size, used - size
        if missing <= 0 then
            break
        end
    end
    return missing <= 0, used, limit, math.floor(kept_free)
end

-- ---------------------------------------------------------------- a job's way

local function holds(job)
    return job.state == 'running' and job.token == args.token
end

-- Takes a job out of its place. Remembers whose call ended an attempt, so that the same call, repeated, gets the same
-- answer; a worker from which the job was taken is answered with 'lost'.
local function let_go(job, outcome, ...)
    if job.state == 'queued' then
        redis.call('LREM', line(), -1, job.id)
    elseif job.state == 'delayed' then
        redis.call('ZREM', DELAYED, job.id)
    elseif job.draining then
        redis.call('ZREM', DRAINING, job.id)
        redis.call('HDEL', JOB_PREFIX .. job.id, 'draining')
    else
        redis.call('ZREM', LEASES, job.id)
    end
    if job.state == 'running' and not job.taken_away then
        set(job, 'settled_by', job.token, 'settled_as', outcome, ...)
    else
        set(job, ...)
    end
    return outcome
end

-- Final state, event for the bot and end of the lease in one: “acknowledged” and “published” cannot diverge.
local function finish(job, state, ...)
    local at = wall()
    -- With the fraction: of jobs that end within a millisecond the last is the newest, too.
    add_bounded(ENDED, job.id, look_at_wall(), ENDED_KEPT)
    if state == 'failed' then
        add_bounded(DEAD, job.id, at, DEAD_KEPT)
    end
    redis.call('SREM', USER_PREFIX .. (job.user or ''), job.id)
    pictures_of_ended(job, state)
    redis.call('XADD', EVENTS, '*', 'id', job.id, 'state', state)
    let_go(job, state, 'state', state, 'finished_at', at, ...)
    redis.call('EXPIRE', JOB_PREFIX .. job.id, UNANSWERED_JOB)
    return state
end

-- Back at the consuming end, the attempt not counted; the time with the worker does not count as waiting.
local function give_back(job, why)
    redis.call('RPUSH', line(), job.id)
    redis.call('HDEL', JOB_PREFIX .. job.id, 'reason') -- of an attempt before
    return let_go(job, 'queued', 'state', 'queued', 'phase', 'queued', 'step', 0, 'steps', 0,
        'detail', why or '', 'attempt', math.max((number_in(job.attempt) or 1) - 1, 0),
        'expires_at', now() + (number_in(job.patience) or number_in(job.max_wait) or 0))
end

-- ms before the next attempt: `delays` has the seconds of each pause (RETRY_DELAYS), and the last one repeats.
local function retry_pause(job, attempt)
    local readable, delays = pcall(cjson.decode, job.delays)
    local seconds = readable and type(delays) == 'table' and number_in(delays[math.min(attempt, #delays)]) or 0
    return math.floor(seconds * 1000)
end

-- After a failed attempt: the next one later, or the end. The job has begun in time, and may wait as long again.
local function try_again(job, reason, detail)
    local attempt = number_in(job.attempt) or 1
    if attempt >= (number_in(job.max_attempts) or 1) then
        return finish(job, 'failed', 'reason', reason, 'detail', detail)
    end
    local due = now() + retry_pause(job, attempt)
    redis.call('ZADD', DELAYED, due, job.id)
    return let_go(job, 'delayed', 'state', 'delayed', 'phase', 'queued', 'step', 0, 'steps', 0, 'reason', reason,
        'detail', detail, 'expires_at', due + (number_in(job.max_wait) or 0))
end
