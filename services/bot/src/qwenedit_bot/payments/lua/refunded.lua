-- charge, its lot, tombstone: a record of its refund alone, now, remembered: seconds
-- → jobs that were left of it and are taken back, or -1 when it was given back before. Jobs that it has paid for are
-- charged to nothing any more: one of them that fails brings nothing back. An unknown payment is remembered as given
-- back: it may be told after its refund, and credits nothing then.
local record = redis.call('HGET', PAYMENTS, args.charge)
if not record then
    redis.call('HSET', PAYMENTS, args.charge, args.tombstone)
    redis.call('EXPIRE', PAYMENTS, args.remembered)
    return 0
end
local payment = cjson.decode(record)
if payment.refunded then
    return -1
end
local left = tonumber(redis.call('HGET', LOTS, args.lot) or 0)
redis.call('HDEL', LOTS, args.lot)
local charged = redis.call('HGETALL', CHARGES)
for i = 1, #charged, 2 do
    if charged[i + 1] == args.lot then
        redis.call('HDEL', CHARGES, charged[i])
    end
end
payment.refunded = tonumber(args.now)
redis.call('HSET', PAYMENTS, args.charge, cjson.encode(payment))
return left
