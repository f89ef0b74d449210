-- KEYS: account_prefix
-- Stands before every script of the payments. `user` is among their arguments: whose account it is.
local args = cjson.decode(ARGV[1])

local ACCOUNT = ACCOUNT_PREFIX .. args.user
local FREE = ACCOUNT .. ':free-used' -- HASH day → free jobs that the user has used
local CHARGES = ACCOUNT .. ':charged' -- HASH unfinished job → 'free:' and the day, or a lot
local LOTS = ACCOUNT .. ':lots' -- HASH lot → jobs left
local PAYMENTS = ACCOUNT .. ':payments' -- HASH charge → JSON

-- Take a job off what it was charged to → that, or ''. Once: a job that is given back is charged to nothing any more.
local function give_back(job)
    local to = redis.call('HGET', CHARGES, job)
    if not to then
        return ''
    end
    redis.call('HDEL', CHARGES, job)
    local day = string.match(to, '^free:(%d+)$')
    if not day then
        redis.call('HINCRBY', LOTS, to, 1)
    elseif redis.call('HEXISTS', FREE, day) == 1 and redis.call('HINCRBY', FREE, day, -1) <= 0 then
        redis.call('HDEL', FREE, day)
    end
    return to
end
