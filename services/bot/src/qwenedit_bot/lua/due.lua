-- KEYS: stream, a chat's line. ARGV: entry → 1 when no earlier entry of the chat is left, 0 otherwise.
local function parts(entry)
    local ms, sequence = string.match(entry, '^(%d+)-(%d+)$')
    return tonumber(ms), tonumber(sequence)
end

local function earlier(one, other)
    local ms, sequence = parts(one)
    local other_ms, other_sequence = parts(other)
    return ms < other_ms or (ms == other_ms and sequence < other_sequence)
end

local head = redis.call('LINDEX', KEYS[2], 0)
while head and earlier(head, ARGV[1]) do
    if #redis.call('XRANGE', KEYS[1], head, head) > 0 then
        return 0
    end
    redis.call('LPOP', KEYS[2]) -- acknowledged by a replica of the release before, which knows no lines
    head = redis.call('LINDEX', KEYS[2], 0)
end
return 1
