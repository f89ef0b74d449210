-- id, retention in s, which of its ends (how often it was requeued before), or '' → 1: from now on the user has the
-- answer; 0 when that was known already, or the job has gone on since: the answer to its next end is still to come
local id, retention, ending = unpack(ARGV, FIRST)

if not FINAL[get(id, 'state')] or ending ~= '' and ending ~= (get(id, 'requeued') or '0') then
    return 0
end
-- In this order a full Redis takes it: a script's first write must not need memory.
redis.call('EXPIRE', JOB .. id, retention)
if redis.call('HSETNX', JOB .. id, 'answered_at', NOW) == 0 then
    return 0
end
spare_pictures(pictures_of(id))
spare_pictures({ result_of(id) })
return 1
