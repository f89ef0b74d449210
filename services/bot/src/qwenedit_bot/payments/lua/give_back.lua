-- job → what it was charged to, or ''
return give_back(args.job)
