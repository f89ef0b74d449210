#!lua flags=allow-oom
-- Asks for a turn to send something; or begins a pause, for a 429.
-- KEYS: the token's pause, the chat's pause, the person's place in line, then the buckets, the token's first.
-- ARGV[1]: JSON, in milliseconds:
--   buckets  for each: every, between two turns; early, by which a turn may come before it's due; longest, of its TTL
--   line     how far ahead a turn of the token may be reserved; 0: nothing is reserved, and no place is used
--   kept     how long a reserved turn stays valid once it's due
--   take     false: only look
--   pause    instead of all these: how long to send nothing. KEYS has only that pause.
-- Returns the milliseconds to wait; 0: the turn is free, and with take it's taken.
--
-- Every key is nothing but its TTL. A bucket's TTL is the time until it's as if nothing had been sent (GCRA). If the
-- server's clock is set back, TTLs become longer than they can be: then the key counts as gone.
local ask = cjson.decode(ARGV[1])
if ask.pause then
    redis.call('SET', KEYS[1], ask.pause, 'PX', ask.pause)
    return ask.pause
end
local TOKEN_PAUSE, CHAT_PAUSE, PLACE, BEFORE_BUCKETS = 1, 2, 3, 3 -- indexes of KEYS

-- Most of these keys are gone most of the time: one look at all of them spares a command for each.
local values = redis.call('MGET', unpack(KEYS))

local function left(i, longest)
    if not values[i] then
        return 0
    end
    local ttl = redis.call('PTTL', KEYS[i])
    return ttl <= longest and math.max(ttl, 0) or 0
end

local function pause_left(i) -- the value is the pause's length
    return left(i, tonumber(values[i]) or 0)
end

local used = {}
local function charge(i)
    redis.call('SET', KEYS[BEFORE_BUCKETS + i], '', 'PX', math.ceil(used[i] + ask.buckets[i].every))
end

local paused = math.max(pause_left(TOKEN_PAUSE), pause_left(CHAT_PAUSE))
if paused > 0 then
    return paused
end

local wait, chat_wait = 0, 0
for i, bucket in ipairs(ask.buckets) do
    used[i] = left(BEFORE_BUCKETS + i, bucket.longest)
    if i == 1 then
        wait = used[i] - bucket.early
    else
        chat_wait = math.max(chat_wait, used[i] - bucket.early)
    end
end
local place = ask.line > 0 and left(PLACE, ask.line + ask.kept) or 0
if place > 0 then
    wait = place - ask.kept
end

if wait > 0 or chat_wait > 0 then
    -- If the chat's own turn comes later, a reserved turn of the token would be wasted.
    if place == 0 and wait >= chat_wait and wait <= ask.line then
        charge(1)
        redis.call('SET', KEYS[PLACE], '', 'PX', math.ceil(wait + ask.kept))
    end
    return math.ceil(math.max(wait, chat_wait))
end
if ask.take then
    for i = place > 0 and 2 or 1, #ask.buckets do
        charge(i)
    end
    if place > 0 then
        redis.call('DEL', KEYS[PLACE])
    end
end
return 0
