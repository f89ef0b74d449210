-- For a claim that follows a wait in the same round trip: ends most of an idle worker's in two commands.
-- A token that has taken a job is not new: its reply was lost, and the call is made again.
if redis.call('LLEN', KEYS[1]) == 0 and redis.call('EXISTS', ARGV[3] .. ARGV[9]) == 0 then
    return { 0 }
end
