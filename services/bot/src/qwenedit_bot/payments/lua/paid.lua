-- charge, its record, its lot, jobs, remembered: seconds
-- → 'credited', 'known' when it was before, or 'refunded' when it went back, which may be told before it is paid.
-- Noting the payment and adding the jobs is one step: a payment that arrives twice adds them once.
if redis.call('HSETNX', PAYMENTS, args.charge, args.record) == 1 then
    redis.call('HSET', LOTS, args.lot, args.jobs)
    redis.call('EXPIRE', PAYMENTS, args.remembered)
    return 'credited'
end
local known = cjson.decode(redis.call('HGET', PAYMENTS, args.charge))
if not known.refunded then
    return 'known'
end
if known.jobs == 0 then -- of its refund alone: now it is known what had been bought
    local whole = cjson.decode(args.record)
    whole.refunded = known.refunded
    redis.call('HSET', PAYMENTS, args.charge, cjson.encode(whole))
end
return 'refunded'
