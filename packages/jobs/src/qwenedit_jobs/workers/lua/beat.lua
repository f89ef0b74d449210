-- KEYS: register, what the worker says of itself. ARGV: worker, the text, seconds until it is forgotten.
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
redis.call('SET', KEYS[2], ARGV[2], 'EX', ARGV[3])
