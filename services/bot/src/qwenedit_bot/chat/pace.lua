#!lua flags=allow-oom
-- KEYS: pace_prefix
-- Asks for a turn to send something; or begins a pause, for a 429. All times are in milliseconds.
--   paused   name of the chat's pause; with `pause`, how long to send nothing there, it begins
--   buckets  the token's first, then the sender's, then others. Each has: name; every, between two turns; early, by which
--            a turn may come before it's due; spared, turns that are left to others; longest, of its TTL
--   busy     turns that the sender has used of their bucket, from which on they make way for others: they leave them
--            `leave` turns of the token, ask again after `again` at the earliest, and reserve none
--   place    name of the person's place in line
--   line     how far ahead a turn of the token may be reserved; 0: nothing is reserved, and no place is used
--   kept     how long a reserved turn stays valid once it's due
-- → how long to wait; 0: the turn is taken
--
-- Every key is nothing but its TTL. A bucket's TTL is the time until it's as if nothing had been sent (GCRA). If the
-- server's clock is set back, TTLs become longer than they can be: then the key counts as gone.
if args.pause then
    redis.call('SET', PACE_PREFIX .. args.paused, args.pause, 'PX', args.pause)
    return args.pause
end

-- Most of these keys are gone most of the time: one look at all of them spares a command for each.
local PAUSED, PLACE = 1, 2
local keys = { PACE_PREFIX .. args.paused, PACE_PREFIX .. args.place }
for _, bucket in ipairs(args.buckets) do
    keys[#keys + 1] = PACE_PREFIX .. bucket.name
end
local values = redis.call('MGET', unpack(keys))

local function left(i, longest)
    if not values[i] then
        return 0
    end
    local ttl = redis.call('PTTL', keys[i])
    return ttl <= longest and math.max(ttl, 0) or 0
end

local paused = left(PAUSED, tonumber(values[PAUSED]) or 0) -- the value is the pause's length
if paused > 0 then
    return paused
end

local token, sender = args.buckets[1], args.buckets[2]
for i, bucket in ipairs(args.buckets) do
    bucket.used = left(PLACE + i, bucket.longest)
end
local again, line = 0, args.line
if sender and sender.used > args.busy * sender.every then
    again, line, token.spared = args.again, 0, math.max(token.spared, args.leave)
end

local function charge(bucket)
    redis.call('SET', PACE_PREFIX .. bucket.name, '', 'PX', math.ceil(bucket.used + bucket.every))
end

local place = line > 0 and left(PLACE, line + args.kept) or 0
local wait, own_wait = 0, 0
for i, bucket in ipairs(args.buckets) do
    local due = bucket.used - bucket.early + bucket.spared * bucket.every
    if i > 1 then
        own_wait = math.max(own_wait, due)
    else
        wait = place > 0 and place - args.kept or due
    end
end

if wait > 0 or own_wait > 0 then
    -- If the sender's own turn comes later, a reserved turn of the token would be wasted.
    if place == 0 and wait >= own_wait and wait <= line then
        charge(token)
        redis.call('SET', keys[PLACE], '', 'PX', math.ceil(wait + args.kept))
    end
    return math.ceil(math.max(wait, own_wait, again))
end
for i = place > 0 and 2 or 1, #args.buckets do
    charge(args.buckets[i])
end
if place > 0 then
    redis.call('DEL', keys[PLACE])
end
return 0
