-- KEYS: stream. ARGV: prefix of seen ids, seconds to remember them, then id, update, id, update, …
-- → number of updates that were new. Marking and adding are one step: an update is taken once, whoever asks twice.
local taken = 0
for i = 3, #ARGV, 2 do
    if redis.call('SET', ARGV[1] .. ARGV[i], 1, 'NX', 'EX', ARGV[2]) then
        redis.call('XADD', KEYS[1], '*', 'update', ARGV[i + 1])
        taken = taken + 1
    end
end
return taken
