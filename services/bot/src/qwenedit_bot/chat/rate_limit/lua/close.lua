-- KEYS: bucket, and for the token's until when it is closed. ARGV: µs in which no turn comes, µs of turns that may come at
-- once, µs for which a ticket is kept when it is due → µs until a turn comes. Tickets that are due before are void.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function set(key, value, kept)
    redis.call('SET', key, string.format('%.0f', value), 'PX', math.ceil((value + kept - now) / 1000) + 1)
end
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now + ARGV[1] + ARGV[2])
redis.call('DEL', KEYS[1]) -- a full Redis refuses SET as a script's first write, and not as a later one
set(KEYS[1], due, 0)
if KEYS[2] then
    set(KEYS[2], math.max(tonumber(redis.call('GET', KEYS[2]) or 0), now + ARGV[1]), ARGV[3])
end
return due - now - ARGV[2]
