-- lane: what it waited for is there, so it is due now; nothing where it is in hand, due already, or empty
local lane = ARGV[FIRST]
local due = tonumber(redis.call('ZSCORE', READY, lane) or '')
if due and due > NOW then
    redis.call('ZADD', READY, moment(NOW), lane)
end
