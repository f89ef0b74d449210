-- include: reap_and_promote
-- limit → {id, outcome, …} of the expired leases that were dealt with
look_at_clock()
return reap(ARGV[FIRST])
