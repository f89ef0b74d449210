-- include: retries
-- token, ms within which its claim may still arrive → what became of the job that it had taken, as with a release;
-- 'lost' where it had none. It takes none any more.
local token, void = unpack(ARGV, FIRST)

look_at_clock()
local id = redis.call('GET', CLAIM .. token)
redis.call('DEL', CLAIM .. token) -- a full Redis refuses SET as a script's first write, not as its second
local outcome = id and holds(id, token) and give_back(id) or 'lost'
redis.call('SET', CLAIM .. token, '', 'PX', void)
return outcome
