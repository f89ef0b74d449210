-- ARGV: SCAN's cursor, keys to look at, a user's id, then pairs: prefix of HASHes, the field that holds their user's id
-- → the next cursor, names of the user's HASHes, and of all other keys in whose name the id follows a colon.
-- Redis looks at the names itself: of a million keys, a user's few alone cross the network.
local cursor, keys, user = ARGV[1], ARGV[2], ARGV[3]

local function is_theirs(name)
    for i = 4, #ARGV, 2 do
        if string.sub(name, 1, #ARGV[i]) == ARGV[i] then
            return redis.pcall('HGET', name, ARGV[i + 1]) == user -- an error: another program's key of another type
        end
    end
    return string.find(name, ':' .. user, 1, true) ~= nil
end

local found = {}
local step = redis.call('SCAN', cursor, 'COUNT', keys)
for _, name in ipairs(step[2]) do
    if is_theirs(name) then
        found[#found + 1] = name
    end
end
return { step[1], found }
