-- KEYS: whose turn it is, wake-up list. ARGV: token, holder's name, ms → the holder's name, empty where that is the caller
-- Free, or the caller's already: it is the caller's from now on. A turn that ran out while Redis or the holder was away
-- and that nobody has taken since is simply had on.
local token, holder = string.match(redis.call('GET', KEYS[1]) or '', '^(%S+) (.*)$')
if token and token ~= ARGV[1] then
    return holder
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2])
return ''
