-- include: prelude
-- Which pictures a user has.

-- Notes a picture as its user's, with its bytes: of an announced one behind them since when it is on its way. Never a
-- script's first write, which a full Redis refuses.
local function count_picture(user, ref, bytes, seconds)
    redis.call('HSET', STORED .. user, ref, bytes)
    if redis.call('TTL', STORED .. user) < tonumber(seconds) then
        redis.call('EXPIRE', STORED .. user, seconds)
    end
end
