#!lua flags=allow-oom
-- hold in ms, held: a list of {lane, token} → how many are held still
take_over()
local still = 0
for _, each in ipairs(args.held) do
    local lane, token = unpack(each)
    if holds(lane, token) then
        redis.call('ZADD', READY, moment(exactly_now() + args.hold), lane)
        still = still + 1
    end
end
return still
