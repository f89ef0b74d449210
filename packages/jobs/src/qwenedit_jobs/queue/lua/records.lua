#!lua flags=no-writes
-- KEYS: job_prefix
-- ids, most: bytes of one job's hash, of_all: bytes of all → for each its fields and values by turns, or in words why it
-- isn't read
local EACH = 16 -- bytes that a field or a value counts for beside its own, so that there is a bound on how many there are
local found, left = {}, args.of_all
for index, id in ipairs(args.ids) do
    local fields = redis.pcall('HGETALL', JOB_PREFIX .. id)
    local size = 0
    for _, text in ipairs(fields) do
        size = size + #text + EACH
    end
    if size > args.most then
        found[index] = 'larger than ' .. args.most .. ' bytes'
    elseif size > left then
        found[index] = 'larger than ' .. args.of_all .. ' bytes, with those before it'
    else
        left = left - size
        found[index] = fields.err or fields
    end
end
return found
