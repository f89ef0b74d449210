-- include: pictures
-- id, retention in s, which of its ends (how often it was requeued before), or '', what its user got, or '' → the time in
-- ms: from now on the user has the answer; 0 when that was known already, or the job has gone on since: the answer to its
-- next end is still to come
local id, retention, ending, how = unpack(ARGV, FIRST)

local found = redis.call('HMGET', JOB .. id, 'state', 'requeued', 'payload', 'result')
local state, requeued, payload, result = unpack(found, 1, 4)
if not FINAL[state] or ending ~= '' and ending ~= (requeued or '0') then
    return 0
end
redis.call('ZCARD', ANSWERED) -- a key of another kind stops this here, and not half-way
-- In this order a full Redis takes it: a script's first write must not need memory.
redis.call('EXPIRE', JOB .. id, retention)
if (how or '') ~= '' then
    set(id, 'answer', how)
end
if redis.call('HSETNX', JOB .. id, 'answered_at', NOW) == 0 then
    return 0
end
if state ~= 'failed' then
    drop_pictures(pictures_of(id, payload)) -- a worker of the release before leaves them
end
local picture = picture_in(result)
if picture and redis.call('TTL', PICTURE .. picture) > tonumber(retention) then
    redis.call('EXPIRE', PICTURE .. picture, retention) -- nobody would find it without its job
end
spare_pictures({ picture })
return NOW
