#!lua flags=no-writes
-- KEYS: job_prefix accepted_prefix layout
-- ids, most: bytes of one job's hash, of_all: bytes of all; accepted: whether to tell what the bot has on record → named:
-- found: for each its fields and values by turns, or in words why it isn't read; accepted: the same of the bot's record;
-- older: 1 if a job that isn't on record may be one of the release before
local EACH = 16 -- bytes that a field or a value counts for beside its own, so that there is a bound on how many there are
local found, accepted, left, older = {}, {}, args.of_all, 0
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
    accepted[index] = args.accepted and redis.call('HGETALL', ACCEPTED_PREFIX .. id) or {}
    if args.accepted and #accepted[index] == 0 and another_release_wrote() then
        older = 1
    end
end
return { 'found', found, 'accepted', accepted, 'older', older }
