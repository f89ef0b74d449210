-- include: ledger
-- ARGV: the ledger's prefixes, the token of an attempt whose worker is gone → why its seconds were left as they are, or ''
-- Workers wrote what is noted. What is no amount must not hold up whoever tells of lost attempts.
local noted, why = pcall(note_lost, ARGV[4])
if noted then
    return ''
end
return type(why) == 'table' and why.err or tostring(why)
