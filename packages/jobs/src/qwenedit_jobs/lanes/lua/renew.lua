-- milliseconds of a hold, then lane, token, … → how many are held still
local lease = ARGV[FIRST]
local held = 0
for i = FIRST + 1, #ARGV, 2 do
    if holds(ARGV[i], ARGV[i + 1]) then
        redis.call('ZADD', HELD, 'XX', moment(exactly_now() + lease), ARGV[i])
        held = held + 1
    end
end
return held
