-- include: queue_lengths
-- ids → for each its place in line, 1 for the next one, or 0 where it is not in line
local places = {}
for i = FIRST, #ARGV do
    local index = redis.call('LPOS', QUEUE, ARGV[i])
    places[#places + 1] = index and waiting - index or 0
end
return places
