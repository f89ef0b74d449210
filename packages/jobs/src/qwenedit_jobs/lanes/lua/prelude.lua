-- Prepended to every script of the lanes, behind `clock.lua`. A full Redis refuses those that put new entries alone.
-- An entry is kept as lane, sender, due time (ms, or nothing) and payload, one line each; only the payload may be longer.
local ENTRIES, FAILURES, READY, HELD, HOLDERS, PARKED, SENDERS, ASIDE = unpack(KEYS, 1, 8)
local LANE = ARGV[1]
local FIRST = 2 -- index of a script's own first argument

local function written(number)
    return string.format('%.0f', number)
end

local function moment(ms)
    return string.format('%.3f', ms)
end

-- ms with their fraction, so that who comes within one ms keep their order; exactly what a score reads as.
local function exactly_now()
    return tonumber(moment((look_at_clock())))
end

local function entry(id)
    local packed = redis.call('HGET', ENTRIES, id)
    if not packed then
        return nil
    end
    return string.match(packed, '^([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$')
end

local function ready(lane, due)
    if not redis.call('ZSCORE', HELD, lane) then
        redis.call('ZADD', READY, 'NX', moment(due), lane) -- a lane that is parked stays parked
    end
end

-- → 'put', 'known' or 'full'. Most: entries that a sender may have waiting in a lane; 0 is without a bound.
local function put(lane, sender, id, payload, most, due)
    if redis.call('HEXISTS', ENTRIES, id) == 1 or redis.call('HEXISTS', ASIDE, id) == 1 then
        return 'known'
    end
    local from = lane .. '|' .. sender
    if most > 0 and tonumber(redis.call('HGET', SENDERS, from) or 0) >= most then
        return 'full'
    end
    local at = exactly_now()
    redis.call('HSET', ENTRIES, id, table.concat({ lane, sender, due or '', payload }, '\n'))
    redis.call('RPUSH', LANE .. lane, id)
    redis.call('HINCRBY', SENDERS, from, 1)
    ready(lane, at)
    return 'put'
end

-- Takes an entry out of its lane and out of its sender's count, not out of the entries.
local function take_out(id, lane, sender)
    redis.call('LREM', LANE .. lane, 1, id)
    local from = lane .. '|' .. sender
    if redis.call('HINCRBY', SENDERS, from, -1) <= 0 then
        redis.call('HDEL', SENDERS, from)
    end
end

-- SET of a lane's entries that wait apart, so that those behind them go first.
local function apart_in(lane)
    return LANE .. lane .. ':apart'
end

local function holds(lane, token)
    return redis.call('HGET', HOLDERS, lane) == token
end

-- Ends the hold of whoever has it; the lane's next entry comes when it is due, or now, behind those of the lanes that
-- are due before.
local function end_hold(lane, due)
    local next_due = redis.call('EXISTS', LANE .. lane) == 1 and moment(due or exactly_now())
    redis.call('ZREM', HELD, lane)
    redis.call('HDEL', HOLDERS, lane)
    if next_due then
        redis.call('ZADD', READY, next_due, lane)
    end
end

local function let_go(lane, token, due)
    if holds(lane, token) then
        end_hold(lane, due)
    end
end
