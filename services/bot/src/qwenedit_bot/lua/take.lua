-- KEYS: stream, open albums. ARGV: prefix of seen ids, prefix of chats' lines, prefix of albums, seconds to remember
-- them, milliseconds to wait for an album's next message, then id, chat, update, album or '', message id, id, …
-- → number of updates that were new. Marking and adding are one step: an update is taken once, whoever asks twice. One
-- whose chat has no line is said to be first: until it is handled none can come before it.
local time = redis.call('TIME')
local due = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[5]
local taken = 0
for i = 6, #ARGV, 5 do
    local id, chat, update, name, message = unpack(ARGV, i, i + 4)
    if redis.call('SET', ARGV[1] .. id, 1, 'NX', 'EX', ARGV[4]) then
        local album = ARGV[3] .. name
        if name == '' or redis.call('HEXISTS', album, 'closed') == 1 then
            local line = ARGV[2] .. chat
            local first = redis.call('EXISTS', line) == 0 and '1' or ''
            local entry = redis.call('XADD', KEYS[1], '*', 'update', update, 'first', first)
            redis.call('RPUSH', line, entry)
            redis.call('EXPIRE', line, ARGV[4])
        else
            redis.call('HSET', album, message, update)
            redis.call('EXPIRE', album, ARGV[4])
            redis.call('ZADD', KEYS[2], due, name)
        end
        taken = taken + 1
    end
end
return taken
