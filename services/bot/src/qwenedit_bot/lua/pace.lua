-- KEYS: the token's bucket; the chat's buckets; then, for an edit, the chat's edits.
-- ARGV: 1 to look only | 0, buckets, edits allowed in a window | 0, the window in µs, µs by which a turn of the token may
-- be reserved (negative: so much of its burst must be left), then for each bucket the µs between two turns and the µs of
-- turns that may come at once
-- → {µs to wait, 1 when the turn is free (and taken) | 0}. A turn that is not free is not reserved: ask again then.
-- A bucket is GCRA's one number: when the next turn would be due had none been taken ahead of its time. The edits are the
-- times of the last ones, newest first: no window of any position ever holds more of them than are allowed.
local look, buckets, allowed, window, reserve =
    ARGV[1] == '1', tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local edits = #KEYS > buckets and KEYS[#KEYS]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local KEPT = 15

local function written(number)
    return string.format('%.0f', number)
end

local due, wait, chat_wait = {}, 0, 0
for i = 1, buckets do
    due[i] = math.max(tonumber(redis.call('GET', KEYS[i]) or 0), now)
    local free_in = due[i] - ARGV[5 + 2 * i] - now
    if i == 1 then
        wait = free_in
    else
        chat_wait = math.max(chat_wait, free_in)
    end
end
if edits then
    local oldest = redis.call('LINDEX', edits, allowed - 1)
    chat_wait = oldest and math.max(chat_wait, oldest + window - now) or chat_wait
end
if chat_wait > 0 or wait > reserve then
    return { math.max(chat_wait, wait, 1), 0 }
end

wait = math.max(wait, 0)
if look then
    return { wait, 1 }
end
if edits then
    redis.call('LPUSH', edits, written(now + wait))
    redis.call('LTRIM', edits, 0, KEPT - 1)
    redis.call('PEXPIRE', edits, math.ceil((window + wait) / 1000))
end
for i = 1, buckets do
    local next_due = due[i] + ARGV[4 + 2 * i]
    redis.call('SET', KEYS[i], written(next_due), 'PX', math.ceil((next_due - now) / 1000) + 1)
end
return { wait, 1 }
