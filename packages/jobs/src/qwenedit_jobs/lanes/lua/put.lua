-- lane, sender, id, payload, most: entries that a sender may have waiting → 'put' | 'known' | 'full'
return put(args.lane, args.sender, args.id, args.payload, args.most)
