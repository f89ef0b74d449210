-- include: prelude
-- How many jobs are in each place, for every transition that moves one to another place.

-- While the operator has the queue paused, waiting jobs are in the held list. The job queue is empty then, so that no
-- worker wakes and KEDA starts none.
local paused = redis.call('EXISTS', PAUSED) == 1
local QUEUE = paused and HELD or JOB_QUEUE

-- A key of another kind than it should be stops a script here, before it writes, and not half-way.
local on_line, held = redis.call('LLEN', JOB_QUEUE), redis.call('LLEN', HELD)
local running, draining = redis.call('ZCARD', LEASES), redis.call('ZCARD', DRAINING)
local delayed, dead = redis.call('ZCARD', DELAYED), redis.call('ZCARD', DEAD)
redis.call('LLEN', LOST)
redis.call('XLEN', EVENTS)
redis.call('ZCARD', ANSWERED)
redis.call('ZCARD', ENDED)
redis.call('STRLEN', LARGEST_RESULT)
redis.call('SCARD', DROPPED)
local waiting = paused and held or on_line
