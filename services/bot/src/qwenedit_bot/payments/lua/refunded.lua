-- KEYS: a user's payments (HASH charge → JSON), jobs charged to lots, lots. ARGV: charge, its lot, a record of its refund
-- alone, seconds to remember
-- → jobs that were left of it and are taken back, or -1 when it was given back before. Jobs that it has paid for are
-- charged to nothing any more: one of them that fails brings nothing back. An unknown payment is remembered as given
-- back: it may be told after its refund, and credits nothing then.
local charge, lot, tombstone, remembered = unpack(ARGV)

local record = redis.call('HGET', KEYS[1], charge)
if not record then
    redis.call('HSET', KEYS[1], charge, tombstone)
    redis.call('EXPIRE', KEYS[1], remembered)
    return 0
end
local payment = cjson.decode(record)
if payment.refunded then
    return -1
end
local left = tonumber(redis.call('HGET', KEYS[3], lot) or 0)
redis.call('HDEL', KEYS[3], lot)
local charged = redis.call('HGETALL', KEYS[2])
for i = 1, #charged, 2 do
    if charged[i + 1] == lot then
        redis.call('HDEL', KEYS[2], charged[i])
    end
end
payment.refunded = true
redis.call('HSET', KEYS[1], charge, cjson.encode(payment))
return left
