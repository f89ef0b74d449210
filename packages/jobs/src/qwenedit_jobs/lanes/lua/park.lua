-- lane, id, token, ms to wait, 1 when an attempt has failed, 1 when the entries behind it need not wait for it, what it
-- waits for in words or '', the key where that is kept for the operator → 1, or 0 when somebody else holds the lane
local lane, id, token, wait, failed, alone, why, why_key = unpack(ARGV, FIRST)
local WHY_KEPT = 60000 -- ms for which the words outlive the wait

if not holds(lane, token) then
    return 0
end
local _, sender = entry(id)
if sender and alone == '1' then
    take_out(id, lane, sender)
    redis.call('SADD', apart_in(lane), id)
    redis.call('ZADD', PARKED, moment(exactly_now() + wait), id)
    end_hold(lane)
else
    end_hold(lane, exactly_now() + wait)
end
if sender and failed == '1' then
    redis.call('HINCRBY', FAILURES, id, 1)
end
if sender and why ~= '' then
    redis.call('SET', why_key, why, 'PX', wait + WHY_KEPT)
end
return 1
