#!lua flags=allow-oom
-- KEYS: job_queue held paused leases draining delayed claim_prefix largest_result time dead ended events
-- KEYS: answered_pictures job_prefix user_prefix picture_prefix
-- An attempt ends. token; id, or none: the token is void from now on, and the job that it may have taken goes back.
-- outcome: done, failed, delayed (and tried again, after its delay) or queued (given back, the attempt not counted);
-- reason, detail, result (JSON), pause in ms: a job that is given back is in line again after so long, and has waited
-- since its claim, too; picture: a reference, which is kept for ttl in ms. ARGV[2]: that picture, if it was not sent just before
-- → the job's state | 'lost': somebody else has it | 'forgotten': the picture is not there
local VOID = 60000 -- ms for which a void token is remembered: its claim may still be on its way, or wait inside Redis
local id = args.id
if not id then
    id = redis.call('GET', CLAIM_PREFIX .. args.token) or ''
    redis.call('SET', CLAIM_PREFIX .. args.token, '', 'PX', VOID)
end

-- The picture's name is the attempt's own. What is not accepted does not stay.
local function keep_picture(outcome)
    if args.picture and outcome ~= 'done' then
        redis.call('UNLINK', PICTURE_PREFIX .. args.picture)
    end
    return outcome
end

local job = read(id, 'settled_by', 'settled_as')
if not holds(job) then
    return keep_picture(args.id and job.settled_by == args.token and job.settled_as or 'lost')
end
if job.cancelling == '1' then
    return keep_picture(finish(job, 'cancelled'))
end
if args.outcome == 'failed' then
    return finish(job, 'failed', 'reason', args.reason, 'detail', args.detail)
elseif args.outcome == 'delayed' then
    return try_again(job, args.reason, args.detail)
elseif args.outcome == 'queued' and not args.pause then
    return give_back(job, args.detail)
elseif args.outcome == 'queued' then
    local state = args.pause > 0 and 'delayed' or 'queued'
    if args.pause > 0 then
        redis.call('ZADD', DELAYED, now() + args.pause, id)
    else
        redis.call('RPUSH', line(), id)
    end
    let_go(job, state, 'state', state, 'phase', 'queued', 'step', 0, 'steps', 0, 'detail', args.detail,
        'attempt', math.max((number_in(job.attempt) or 1) - 1, 0))
    redis.call('HDEL', JOB_PREFIX .. id, 'reason') -- of an attempt before
    return state
end
if args.picture then
    local bytes = ARGV[2] and #ARGV[2] or redis.call('STRLEN', PICTURE_PREFIX .. args.picture)
    if bytes == 0 then
        return 'forgotten'
    end
    if ARGV[2] then
        redis.call('SET', PICTURE_PREFIX .. args.picture, ARGV[2], 'PX', args.ttl)
    end
    note_result(bytes)
end
return keep_picture(finish(job, 'done', 'phase', 'sending', 'result', args.result))
