-- The ledger of GPU seconds: a HASH a day, `hour price activity workflow` → milliseconds (pictures of the activity
-- `pictures`). Beside it a HASH for each attempt in hand, `day` and such a field → what was noted for it so far.
local SPENT, REPORTS, ATTEMPTS = unpack(ARGV, 1, 3) -- prefixes of keys
local DAY_KEPT = 400 * 86400 -- thirteen months
local REPORT_KEPT = 86400 -- longer than a copy of one may be on its way
local ATTEMPT_KEPT = 3600 -- from the last report of it until the bot has noted that it was lost

local function note(day, field, amount)
    if redis.call('HINCRBY', SPENT .. day, field, amount) == amount then -- a new one
        redis.call('EXPIRE', SPENT .. day, DAY_KEPT)
    end
end

-- The seconds of an attempt whose work was lost go to `lost`, once: what was noted for it goes with them.
local function note_lost(token)
    local noted = redis.call('HGETALL', ATTEMPTS .. token)
    for index = 1, #noted, 2 do
        local day, hour, price, workflow = noted[index]:match('^(%S+) (%S+) (%S+) %S+ (.*)$')
        note(day, noted[index]:match('^%S+ (.*)$'), -tonumber(noted[index + 1]))
        note(day, hour .. ' ' .. price .. ' lost ' .. workflow, tonumber(noted[index + 1]))
    end
    redis.call('DEL', ATTEMPTS .. token)
end

-- Reports of a process come in order, and may come again: what it has reported is not noted twice.
local function note_report(report)
    local reported = REPORTS .. report.process
    if tonumber(redis.call('GET', reported) or 0) >= report.number then
        return
    end
    redis.call('SET', reported, report.number, 'EX', REPORT_KEPT)
    for _, entry in ipairs(report.entries) do
        local day, field, amount, token = unpack(entry)
        note(day, field, amount)
        if token ~= '' then
            redis.call('HINCRBY', ATTEMPTS .. token, day .. ' ' .. field, amount)
            redis.call('EXPIRE', ATTEMPTS .. token, ATTEMPT_KEPT)
        end
    end
    for _, token in ipairs(report.lost) do
        note_lost(token)
    end
end
