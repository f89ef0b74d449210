-- include: reap_and_promote pause_list
-- worker, token, lease in ms, bytes of pictures that may come with the job → {number of foreign items}
-- when nothing waits, else
-- {number of foreign items, id, payload, attempt, maximum attempts, trace context, ms waited, token of the claim before,
-- pictures …}: all that the job has, or none where one is gone or they are too large
-- Foreign items of the list are no job's id (another program's, or of a job whose hash is gone), or belong to jobs whose
-- hash this version cannot read. They are kept among the dead, where the operator finds them.
local worker, token, lease, byte_limit = unpack(ARGV, FIRST)
local BATCH = 10 -- expired leases and ended pauses that one call deals with
local LOOKED_AT = 100 -- items of the list that one call looks at; who finds none among them calls again

-- By then the job is claimed: nothing here may fail, whatever an unknown version has put into the payload.
local function pictures_with(payload)
    local known, refs = pcall(function()
        return cjson.decode(payload).edit.pictures
    end)
    local pictures, size = {}, 0
    for index, ref in ipairs(known and type(refs) == 'table' and refs or {}) do
        local key = PICTURE .. tostring(ref)
        local length = redis.pcall('STRLEN', key)
        size = size + (type(length) == 'number' and length > 0 and length or math.huge)
        if size > tonumber(byte_limit) then
            return {}
        end
        pictures[index] = redis.call('GET', key)
    end
    return pictures
end

local function answer_of(foreign, id, job)
    local payload, attempt, max_attempts, trace_context, enqueued_at, before = unpack(job, 1, 6)
    local answer = { foreign, id, payload, tostring(attempt), max_attempts, trace_context,
        tostring(NOW - enqueued_at), before or '' }
    for _, picture in ipairs(tonumber(byte_limit) > 0 and pictures_with(payload) or {}) do
        answer[#answer + 1] = picture
    end
    return answer
end

-- A token takes one job, ever, and none once it is abandoned: a copy of the call that arrives after the job was settled
-- takes no second one, which nobody would know of until its lease ran out.
local earlier = redis.call('GET', CLAIM .. token)
if earlier then
    if holds(earlier, token) then
        return answer_of(0, earlier, redis.call('HMGET', JOB .. earlier, 'payload', 'attempt', 'max_attempts',
            'trace_context', 'enqueued_at', 'claimed_before'))
    end
    return { 0 }
end

look_at_clock()
promote(BATCH)
reap(BATCH)
if paused then
    hold_queue() -- what others pushed meanwhile, such as a bot of the release before, would keep waking the workers
    return { 0 }
end

local foreign = 0
local id, job
for _ = 1, LOOKED_AT do
    local next_one = redis.call('RPOP', QUEUE)
    if not next_one then
        break
    end
    local found = redis.pcall('HMGET', JOB .. next_one, 'payload', 'attempt', 'max_attempts', 'trace_context',
        'enqueued_at', 'claimed_by', 'state', 'expires_at')
    local state, too_late = found[7], (tonumber(found[8]) or math.huge) <= NOW
    local readable = found[1] and count_in(found[2]) and count_in(found[3]) and found[4] and count_in(found[5])
    if state == 'queued' and readable and not too_late then
        id, job = next_one, found
        break
    elseif state == 'queued' and readable then
        finish(next_one, 'failed', 'reason', 'expired')
    elseif state == 'queued' or not KNOWN[state] then
        foreign = foreign + 1
        add_to_dead(next_one)
    end
end
if not id then
    return { foreign }
end

job[2] = job[2] + 1 -- the attempt
-- The last two are kept when the lease is gone: an attempt's place in the trace follows from its token, see
-- trace_context.py.
set(id, 'state', 'running', 'phase', 'starting', 'step', 0, 'steps', 0, 'attempt', job[2], 'token', token, 'worker',
    worker, 'started_at', NOW, 'claimed_before', job[6] or '', 'claimed_by', token)
redis.call('ZADD', LEASES, NOW + lease, id)
redis.call('SET', CLAIM .. token, id, 'PX', lease)
return answer_of(foreign, id, job)
