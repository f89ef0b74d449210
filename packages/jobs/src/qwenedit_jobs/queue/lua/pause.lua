#!lua flags=allow-oom
-- KEYS: job_queue held paused
-- on → named: changed: 1 when this call began or ended a pause; since: when it was paused in ms, or 0
local since = redis.call('GET', PAUSED)
if args.on then
    if not since then
        redis.call('SET', PAUSED, wall())
    end
    while redis.call('LMOVE', JOB_QUEUE, HELD, 'RIGHT', 'LEFT') do end
    return { 'changed', since and 0 or 1, 'since', redis.call('GET', PAUSED) }
end
-- The line goes back to the consuming end, even one whose pause somebody deleted by hand.
redis.call('DEL', PAUSED)
while redis.call('LMOVE', HELD, JOB_QUEUE, 'LEFT', 'RIGHT') do end
return { 'changed', since and 1 or 0, 'since', 0 }
