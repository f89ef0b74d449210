#!lua flags=allow-oom
-- KEYS: job_prefix user_prefix accepted_prefix layout
-- user, most → how many unfinished jobs a user has; exact from `most` on
return unfinished_of(args.user, args.most)
