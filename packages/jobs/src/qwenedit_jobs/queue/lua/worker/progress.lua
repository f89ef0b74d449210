-- include: prelude
-- id, token, phase, step, steps → 'held' | 'cancelled' | 'lost'
local id, token, phase, step, steps = unpack(ARGV, FIRST)

if not holds(id, token) then
    return 'lost'
end
set(id, 'phase', phase, 'step', step, 'steps', steps, 'moved_at', NOW)
return cancelling(id) and 'cancelled' or 'held'
