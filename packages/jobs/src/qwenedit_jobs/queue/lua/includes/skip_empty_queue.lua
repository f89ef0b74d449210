-- For a claim that follows a wait in the same round trip: ends most of an idle worker's in two commands.
-- A token that has taken a job is not new: its reply was lost, and the call is made again.
-- There is no empty list in Redis.
if redis.call('EXISTS', KEYS[1], ARGV[3] .. ARGV[8]) == 0 then
    return { 0 }
end
