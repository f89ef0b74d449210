-- KEYS: bucket. ARGV: µs in which no turn comes, µs of turns that may come at once → µs until a turn comes
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now + ARGV[1] + ARGV[2])
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1)
return due - now - ARGV[2]
