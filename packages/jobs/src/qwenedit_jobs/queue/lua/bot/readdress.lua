-- include: prelude
-- id, message → 1: the job is answered in another message of the bot from now on; 0 where there is no such job
local id, message = unpack(ARGV, FIRST)

if not get(id, 'state') then
    return 0
end
set(id, 'placeholder', message)
return 1
