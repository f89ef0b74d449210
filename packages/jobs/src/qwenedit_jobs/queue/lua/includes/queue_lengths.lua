-- include: prelude
-- How many jobs are in each place, for every transition that moves one to another place.

-- While the operator has the queue paused, the line stands aside: its own list is empty, so no worker wakes and KEDA
-- starts none. Whatever else happens to the line happens to it there.
local paused = redis.call('EXISTS', PAUSED) == 1
local QUEUE = paused and HELD or LINE

-- A key of another kind than it should be stops a script here, before it writes, and not half-way.
local on_line, held = redis.call('LLEN', LINE), redis.call('LLEN', HELD)
local running, draining = redis.call('ZCARD', LEASES), redis.call('ZCARD', DRAINING)
local delayed, dead = redis.call('ZCARD', DELAYED), redis.call('ZCARD', DEAD)
redis.call('LLEN', LOST)
redis.call('XLEN', EVENTS)
redis.call('ZCARD', ANSWERED)
redis.call('LLEN', SIZES)
local waiting = paused and held or on_line
