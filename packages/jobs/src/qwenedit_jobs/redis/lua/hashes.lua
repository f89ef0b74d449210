-- KEYS: hashes. ARGV: most bytes of one. → for each its fields and values by turns, or in words why it isn't read
local found = {}
for index, key in ipairs(KEYS) do
    local size = redis.pcall('MEMORY', 'USAGE', key, 'SAMPLES', 0)
    if type(size) == 'number' and size > tonumber(ARGV[1]) then
        found[index] = 'larger than ' .. ARGV[1] .. ' bytes'
    else
        local fields = redis.pcall('HGETALL', key)
        found[index] = fields.err or fields
    end
end
return found
