-- KEYS: a bucket each; with edits allowed, last the chat's edits.
-- ARGV: 1 to take a turn only if it is free | 0 to reserve the next one, edits allowed in a window | 0, the window in µs,
-- then for each bucket the µs between two turns and the µs of turns that may come at once
-- → {µs to wait, 1 when the turn is taken | 0}. Not taken: ask again then. An edit's turn, which may be a minute away, is
-- not reserved: a bot that is killed again and again would leave as many reservations that nobody comes for, and each
-- keeps the chat waiting for a fifteenth of a minute.
-- A bucket is GCRA's one number: when the next turn would be due had none been taken ahead of its time. The edits are the
-- times of the last ones, newest first: no window of any position ever holds more of them than are allowed.
local only_if_free, allowed, window = ARGV[1] == '1', tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local buckets = allowed > 0 and #KEYS - 1 or #KEYS
local KEPT = 15

local function written(number)
    return string.format('%.0f', number)
end

local due, wait = {}, 0
for i = 1, buckets do
    due[i] = math.max(tonumber(redis.call('GET', KEYS[i]) or 0), now)
    wait = math.max(wait, due[i] - ARGV[3 + 2 * i] - now)
end

local edits = KEYS[#KEYS]
local edit_wait = 0
if allowed > 0 then
    local oldest = redis.call('LINDEX', edits, allowed - 1)
    edit_wait = oldest and math.max(0, oldest + window - now) or 0
end
if edit_wait > wait or (only_if_free and wait > 0) then
    return { math.max(wait, edit_wait), 0 }
end

if allowed > 0 then
    redis.call('LPUSH', edits, written(now + wait))
    redis.call('LTRIM', edits, 0, KEPT - 1)
    redis.call('PEXPIRE', edits, math.ceil((window + wait) / 1000))
end
for i = 1, buckets do
    local next_due = due[i] + ARGV[2 + 2 * i]
    redis.call('SET', KEYS[i], written(next_due), 'PX', math.ceil((next_due - now) / 1000) + 1)
end
return { wait, 1 }
