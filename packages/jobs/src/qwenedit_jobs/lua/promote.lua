-- limit → ids of the due jobs that went back to the queue
return promote(ARGV[FIRST])
