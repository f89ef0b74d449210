-- lane, sender, id, payload, entries that a sender may have waiting → 'put' | 'known' | 'full'
local lane, sender, id, payload, most = unpack(ARGV, FIRST)

return put(lane, sender, id, payload, tonumber(most))
