-- name of whoever asks, milliseconds of a hold, how many → {ms until the next entry is due or -1, then for each entry:
-- lane, id, failures, token, how many entries of its sender wait in the lane with it, payload}
local name, lease, count = unpack(ARGV, FIRST)
local BATCH = 50 -- holds and pauses that end in one call, and lanes that are passed over in it
local SHARE = 2 -- entries of one sender that may be in hand; of nobody any number
local LOOK_AGAIN = 100 -- ms until a lane is looked at again whose sender has as many in hand
local FIELDS = 6
local nothing_waits = redis.call('EXISTS', ENTRIES) == 0
local NOW = tonumber(moment(note_time(nothing_waits)))
if nothing_waits then
    return { '-1' }
end

local wait = -1
local function note(moment_due)
    local until_then = math.max(0, moment_due - NOW)
    wait = wait < 0 and until_then or math.min(wait, until_then)
end

-- → what of a sorted set is due, at most so many; notes when the next one is
local function due_in(key, most)
    local scores, due = redis.call('ZRANGE', key, 0, most, 'WITHSCORES'), {}
    for i = 1, #scores, 2 do
        local score = tonumber(scores[i + 1])
        if score > NOW or #due == most then
            note(score)
            break
        end
        due[#due + 1] = scores[i]
    end
    return due
end

for _, lane in ipairs(due_in(HELD, BATCH)) do
    redis.call('ZREM', HELD, lane)
    redis.call('HDEL', HOLDERS, lane)
    redis.call('ZADD', READY, moment(NOW), lane)
end
for _, id in ipairs(due_in(PARKED, BATCH)) do
    redis.call('ZREM', PARKED, id)
    local lane, sender = entry(id)
    if lane then
        redis.call('SREM', apart_in(lane), id)
        redis.call('RPUSH', LANE .. lane, id)
        redis.call('HINCRBY', SENDERS, lane .. '|' .. sender, 1)
        ready(lane, NOW)
    end
end

local due = due_in(READY, count + BATCH)
local in_hand, passed_over = {}, 0
local holders = #due > 0 and redis.call('HGETALL', HOLDERS) or {}
for i = 2, #holders, 2 do
    local sender = string.match(holders[i], '/([^/]*)$') or ''
    in_hand[sender] = (in_hand[sender] or 0) + 1
end

local found = {}
local function look_again(lane, at)
    redis.call('ZADD', READY, moment(at), lane)
    note(tonumber(moment(at)))
end

local function hand_out(lane)
    local id = redis.call('LINDEX', LANE .. lane, 0)
    while id do
        local _, sender, due, payload = entry(id)
        if not payload then
            redis.call('LPOP', LANE .. lane)
            id = redis.call('LINDEX', LANE .. lane, 0)
        elseif due ~= '' and tonumber(due) > NOW then
            look_again(lane, tonumber(due))
            return
        elseif sender ~= '' and (in_hand[sender] or 0) >= SHARE then
            passed_over = passed_over + 0.001 -- ms; keeps their order
            look_again(lane, NOW + LOOK_AGAIN + passed_over)
            return
        else
            -- Unique: a lane's hold may end and another begin, and the first holder's calls come after all.
            local token = name .. '/' .. id .. '/' .. moment(NOW) .. '/' .. sender
            in_hand[sender] = (in_hand[sender] or 0) + 1
            redis.call('ZADD', HELD, moment(NOW + lease), lane)
            note(NOW + lease)
            redis.call('HSET', HOLDERS, lane, token)
            local failures = redis.call('HGET', FAILURES, id) or '0'
            local waiting = redis.call('HGET', SENDERS, lane .. '|' .. sender) or '1'
            for _, value in ipairs({ lane, id, failures, token, waiting, payload }) do
                found[#found + 1] = value
            end
            return
        end
    end
end

for _, lane in ipairs(due) do
    if #found >= count * FIELDS then
        note(NOW)
        break
    end
    redis.call('ZREM', READY, lane)
    hand_out(lane)
end
table.insert(found, 1, written(math.ceil(wait)))
return found
