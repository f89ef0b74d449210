-- KEYS: hashes. ARGV: most bytes of one, most bytes of all. → for each its fields and values by turns, or in words why
-- it isn't read
local found, left = {}, tonumber(ARGV[2])
for index, key in ipairs(KEYS) do
    local size = redis.pcall('MEMORY', 'USAGE', key, 'SAMPLES', 0)
    if type(size) == 'number' and size > tonumber(ARGV[1]) then
        found[index] = 'larger than ' .. ARGV[1] .. ' bytes'
    elseif type(size) == 'number' and size > left then
        found[index] = 'larger than ' .. ARGV[2] .. ' bytes, with those before it'
    else
        left = left - (type(size) == 'number' and size or 0)
        local fields = redis.pcall('HGETALL', key)
        found[index] = fields.err or fields
    end
end
return found
