-- include: redis_memory
-- bytes → how many bytes of pictures that nobody waits for were deleted, so that as many fit in
local SLACK = 1048576 -- what calls and clients take up meanwhile
local bytes = tonumber(ARGV[FIRST])

local used, limit = memory()
return make_room(limit > 0 and used + bytes + SLACK - limit or bytes)
