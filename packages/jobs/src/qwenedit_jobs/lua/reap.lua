-- limit → {id, outcome, …} of the expired leases that were dealt with
return reap(ARGV[FIRST])
