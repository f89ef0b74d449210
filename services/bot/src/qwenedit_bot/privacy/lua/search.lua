-- cursor of SCAN, count: keys to look at, user: an id, jobs: prefix of the HASHes of jobs → the next cursor, names of the
-- user's jobs, names of all other keys in which the id follows a colon.
-- Redis looks at the names itself: of a million keys, a user's few alone cross the network.
local jobs, others = {}, {}
local step = redis.call('SCAN', args.cursor, 'COUNT', args.count)
for _, name in ipairs(step[2]) do
    if string.sub(name, 1, #args.jobs) == args.jobs then
        if redis.pcall('HGET', name, 'user') == args.user then -- an error: another program's key of another type
            jobs[#jobs + 1] = name
        end
    elseif string.find(name, ':' .. args.user, 1, true) then
        others[#others + 1] = name
    end
end
return { step[1], jobs, others }
