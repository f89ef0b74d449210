-- cursor of SCAN, count: keys to look at, user: an id, owned: a list of {prefix of HASHes, the field that holds their user's
-- id} → the next cursor, names of the user's HASHes, and of all other keys in whose name the id follows a colon.
-- Redis looks at the names itself: of a million keys, a user's few alone cross the network.
local function is_theirs(name)
    for _, each in ipairs(args.owned) do
        local prefix, field = unpack(each)
        if string.sub(name, 1, #prefix) == prefix then
            return redis.pcall('HGET', name, field) == args.user -- an error: another program's key of another type
        end
    end
    return string.find(name, ':' .. args.user, 1, true) ~= nil
end

local found = {}
local step = redis.call('SCAN', args.cursor, 'COUNT', args.count)
for _, name in ipairs(step[2]) do
    if is_theirs(name) then
        found[#found + 1] = name
    end
end
return { step[1], found }
