-- KEYS: account_prefix
-- Stands before every script of the payments. `user` is among their arguments: whose account it is.
local args = cjson.decode(ARGV[1])

local ACCOUNT = ACCOUNT_PREFIX .. args.user
local FREE = ACCOUNT .. ':free-used' -- HASH day → free jobs that the user has used
local CHARGES = ACCOUNT .. ':charged' -- HASH unfinished job → 'free:' and the day, or a lot
local LOTS = ACCOUNT .. ':lots' -- HASH lot → jobs left
local PAYMENTS = ACCOUNT .. ':payments' -- HASH charge → JSON
