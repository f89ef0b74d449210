#!lua flags=allow-oom
-- name of the holder, hold in ms, count: how many → named: wait: ms until the next entry is due, or -1; entries: each
-- named: lane, id, sender, failures, token, payload
local BATCH = 50 -- pauses that end in one call, and lanes that are passed over in it
local SHARE = 2 -- entries of one sender that may be held; without a sender, any number
local LOOK_AGAIN = 100 -- ms until a lane is checked again whose sender has as many

local function by_time()
    return redis.call('ZRANGE', READY, 0, args.count + BATCH, 'WITHSCORES')
end
local lanes = by_time()
local parked = redis.call('ZRANGE', PARKED, 0, BATCH, 'WITHSCORES')
if #lanes == 0 and #parked == 0 then
    redis.call('DEL', TIME)
    return { 'wait', -1, 'entries', {} }
end
local NOW = tonumber(moment(note_time()))

local wait = math.huge
local function note(moment_due)
    wait = math.min(wait, math.max(0, moment_due - NOW))
end

-- → those whose score is due, at most so many; notes when the next one is
local function due_of(scores, most)
    local due = {}
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

local waited = due_of(parked, BATCH)
for _, id in ipairs(waited) do
    redis.call('ZREM', PARKED, id)
    local lane, sender = entry(id)
    if lane then
        redis.call('SREM', apart_in(lane), id)
        redis.call('HINCRBY', SENDERS, lane .. '|' .. sender, 1)
        push(lane, id)
    end
end

local due = due_of(#waited > 0 and by_time() or lanes, args.count + BATCH)
local holders, in_hand = {}, {}
local function count(token, number)
    local sender = string.match(token, '/([^/]*)/?$') or ''
    in_hand[sender] = (in_hand[sender] or 0) + number
end
local held = #due > 0 and redis.call('HGETALL', HOLDERS) or {}
for i = 1, #held, 2 do
    holders[held[i]] = held[i + 1]
    count(held[i + 1], 1)
end

local found, passed_over = {}, 0
local function look_again(lane, at)
    redis.call('ZADD', READY, moment(at), lane)
    note(tonumber(moment(at)))
end

local function hand_out(lane)
    local id = redis.call('LINDEX', LANE_PREFIX .. lane, 0)
    while id do
        local _, sender, due_at, payload = entry(id)
        if not payload then
            redis.call('LPOP', LANE_PREFIX .. lane)
            id = redis.call('LINDEX', LANE_PREFIX .. lane, 0)
        elseif due_at ~= '' and tonumber(due_at) > NOW then
            return look_again(lane, tonumber(due_at))
        elseif sender ~= '' and (in_hand[sender] or 0) >= SHARE then
            passed_over = passed_over + 0.001 -- ms; keeps their order
            return look_again(lane, NOW + LOOK_AGAIN + passed_over)
        else
            -- Unique: a lane's hold may end and another begin, and the first holder's calls come after all. The last
            -- slash hides the sender from a version before this one. After a rollback it would count a hold forever.
            local token = args.name .. '/' .. id .. '/' .. moment(NOW) .. '/' .. sender .. '/'
            count(token, 1)
            look_again(lane, NOW + args.hold)
            redis.call('HSET', HOLDERS, lane, token)
            local failures = tonumber(redis.call('HGET', FAILURES, id) or 0)
            found[#found + 1] = { 'lane', lane, 'id', id, 'sender', sender, 'failures', failures, 'token', token,
                'payload', payload }
            return
        end
    end
    redis.call('ZREM', READY, lane)
end

for _, lane in ipairs(due) do
    if #found == args.count then
        note(NOW)
        break
    end
    if holders[lane] then -- its hold has run out
        redis.call('HDEL', HOLDERS, lane)
        count(holders[lane], -1)
    end
    hand_out(lane)
end
return { 'wait', wait < math.huge and math.ceil(wait) or -1, 'entries', found }
