-- KEYS: the token's bucket, or the one that people with many messages share; the chat's buckets; behind the latter the
-- token's, which they use up and do not wait for: theirs is a part of it; for an edit, the chat's edits; the ticket of the person whom the call is
-- for; until when (µs) a 429 has closed the token.
-- ARGV: 1 to look only | 0, 1 to get a ticket | 0, buckets, how many of them, the first ones, are waited for, edits allowed in a window | 0, the window in µs, µs for which
-- the caller may sleep (negative: so much of the token's burst must be left), µs for which a ticket is kept when it is
-- due, the caller, then for each bucket the µs between two turns and the µs of turns that may come at once
-- → {µs to wait, 1 when the turn is free (and taken) | 0}
-- A bucket is GCRA's one number: when the next turn would be due had none been taken ahead of its time. The edits are the
-- times of the last ones, newest first: no window of any position ever holds more of them than are allowed.
-- A ticket is a turn of the token that is reserved for a person: when it is due, and the person's callers in the order in
-- which they asked. A person has one at most, so people get their turns in the order in which they began to wait. It is
-- the first caller's, and anybody's of that person who comes when the first has not come.
local function number(of)
    return tonumber(ARGV[of])
end
local look, patient, buckets, waited_for, allowed, window, asleep, kept =
    ARGV[1] == '1', ARGV[2] == '1', number(3), number(4), number(5), number(6), number(7), number(8)
local CALLER, RATES = ARGV[9], 9 -- arguments before those of the buckets
local edits = #KEYS - 2 > buckets and KEYS[buckets + 1]
local TICKET, CLOSED = KEYS[#KEYS - 1], KEYS[#KEYS]
local EDITS_KEPT = 15
local MOST_CALLERS = 100
local LONGEST_EXTRA = 5000000 -- µs by which a person's other callers wait longer than for their ticket
local GRACE = 500000 -- µs for which a due ticket waits for the first caller
local SHORTEST = 20000 -- µs
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local closed = tonumber(redis.call('GET', CLOSED) or 0)

local function written(value)
    return string.format('%.0f', value)
end

-- → when it is due, its callers, and the place of this one among them
local function ticket_of_person()
    local due, names = string.match(redis.call('GET', TICKET) or '', '^(%d+) ?(.*)$')
    if not due or tonumber(due) <= closed then
        return nil, {}
    end
    local callers, place = {}, nil
    for name in string.gmatch(names, '%S+') do
        callers[#callers + 1] = name
        place = place or name == CALLER and #callers
    end
    return tonumber(due), callers, place
end

local function keep_ticket(due, callers)
    local ttl = math.ceil((math.max(due, now) + kept - now) / 1000)
    redis.call('SET', TICKET, written(due) .. ' ' .. table.concat(callers, ' '), 'PX', ttl)
end

local due, wait, chat_wait = {}, 0, 0
for i = 1, buckets do
    due[i] = math.max(tonumber(redis.call('GET', KEYS[i]) or 0), now)
    local free_in = due[i] - number(RATES + 2 * i) - now
    if i == 1 then
        wait = math.max(free_in, closed - now)
    elseif i <= waited_for then
        chat_wait = math.max(chat_wait, free_in)
    end
end
if edits then
    local oldest = redis.call('LINDEX', edits, allowed - 1)
    chat_wait = oldest and math.max(chat_wait, oldest + window - now) or chat_wait
end

-- A full Redis refuses a script's first write where that needs memory, and no later one. The ticket is set anew, deleted,
-- or not there.
local function begin_to_write()
    redis.call('PEXPIRE', TICKET, math.ceil(kept / 1000))
end

local function charge(i)
    local next_due = due[i] + number(RATES - 1 + 2 * i)
    redis.call('SET', KEYS[i], written(next_due), 'PX', math.ceil((next_due - now) / 1000) + 1)
end

local token_wait = math.max(wait, 0)
local ticket, callers, place
if patient then
    ticket, callers, place = ticket_of_person()
    wait = ticket and ticket - now or wait
end
local turned_away = ticket and place ~= 1 and wait > -GRACE

if chat_wait > 0 or wait > asleep or turned_away then
    if not patient or chat_wait > wait and chat_wait > 0 or not turned_away and wait <= asleep then
        return { math.max(chat_wait, wait, 1), 0 } -- the chat's turn comes later than the token's: no ticket is wasted
    elseif turned_away then
        if not place and #callers < MOST_CALLERS then
            begin_to_write()
            callers[#callers + 1] = CALLER
            keep_ticket(ticket, callers)
        end
        local before = (place or #callers) - 1
        return { math.max(wait, SHORTEST) + math.min(before * math.max(token_wait, SHORTEST), LONGEST_EXTRA), 0 }
    elseif not ticket then
        begin_to_write()
        charge(1)
        keep_ticket(now + wait, { CALLER })
    end
    return { wait, 0 }
end

wait = math.max(wait, 0)
if look then
    return { wait, 1 }
end
begin_to_write()
if edits then
    redis.call('LPUSH', edits, written(now + wait))
    redis.call('LTRIM', edits, 0, EDITS_KEPT - 1)
    redis.call('PEXPIRE', edits, math.ceil((window + wait) / 1000))
end
for i = ticket and 2 or 1, buckets do
    charge(i)
end
if ticket then
    table.remove(callers, place or #callers + 1)
    if place ~= 1 then
        table.remove(callers, 1) -- did not come: else each ticket would wait for it
    end
    if #callers > 0 then
        charge(1)
        keep_ticket(now + token_wait, callers)
    else
        redis.call('DEL', TICKET)
    end
end
return { wait, 1 }
