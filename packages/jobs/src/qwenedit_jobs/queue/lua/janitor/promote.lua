-- include: reap_and_promote
-- limit → ids of the due jobs that went back to the queue
look_at_clock()
return promote(ARGV[FIRST])
