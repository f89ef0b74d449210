-- KEYS: entries failures ready holders parked senders aside time lane_prefix
-- Stands before every script of the lanes. A full Redis refuses only those that put new entries.
-- An entry is kept as lane, sender, due time (ms, or nothing) and payload, one line each; only the payload may be longer.
-- READY has each lane with an entry, by the time at which it's to be looked at: when it's due, or when its hold ends.
local args = cjson.decode(ARGV[1])

local function written(number)
    return string.format('%.0f', number)
end

local function moment(ms)
    return string.format('%.3f', ms)
end

-- ms with their fraction, so that who comes within one ms keep their order; exactly what a score reads as.
local function exactly_now()
    return tonumber(moment(look_at_clock()))
end

local function entry(id)
    local packed = redis.call('HGET', ENTRIES, id)
    if not packed then
        return nil
    end
    return string.match(packed, '^([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$')
end

local function pack(lane, sender, due, payload)
    return table.concat({ lane, sender, due, payload }, '\n')
end

-- Puts an entry behind those of its lane. A lane that has a time keeps it: it's held, or parked.
local function push(lane, id)
    if redis.call('RPUSH', LANE_PREFIX .. lane, id) == 1 then
        redis.call('ZADD', READY, 'NX', moment(exactly_now()), lane)
    end
end

-- → 'put', 'known' or 'full'. Most: entries that a sender may have waiting in a lane; 0 is without a bound.
local function put(lane, sender, id, payload, most, due)
    if redis.call('HSETNX', ENTRIES, id, pack(lane, sender, due or '', payload)) == 0 then
        return 'known'
    end
    local from = lane .. '|' .. sender
    if redis.call('HINCRBY', SENDERS, from, 1) > most and most > 0 then
        redis.call('HINCRBY', SENDERS, from, -1)
        redis.call('HDEL', ENTRIES, id)
        return 'full'
    end
    push(lane, id)
    return 'put'
end

-- Takes an entry out of its lane and out of its sender's count, not out of the entries.
local function take_out(id, lane, sender)
    redis.call('LREM', LANE_PREFIX .. lane, 1, id)
    local from = lane .. '|' .. sender
    if redis.call('HINCRBY', SENDERS, from, -1) <= 0 then
        redis.call('HDEL', SENDERS, from)
    end
end

-- SET of a lane's entries that wait apart, so that those behind them go first.
local function apart_in(lane)
    return LANE_PREFIX .. lane .. ':apart'
end

-- Takes an entry out of where it waits. One whose lane the caller doesn't hold any more may wait apart meanwhile.
local function drop(id, lane, sender, held)
    if not held and redis.call('ZREM', PARKED, id) == 1 then
        redis.call('SREM', apart_in(lane), id)
    else
        take_out(id, lane, sender)
    end
end

local function holds(lane, token)
    return redis.call('HGET', HOLDERS, lane) == token
end

-- Ends the hold on a lane; the lane's next entry comes when it is due, or now, behind those of the lanes that
-- are due before.
local function end_hold(lane, due)
    redis.call('HDEL', HOLDERS, lane)
    if redis.call('EXISTS', LANE_PREFIX .. lane) == 1 then
        redis.call('ZADD', READY, moment(due or exactly_now()), lane)
    else
        redis.call('ZREM', READY, lane)
    end
end
