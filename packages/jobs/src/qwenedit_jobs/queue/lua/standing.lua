#!lua flags=allow-oom
-- KEYS: job_queue held paused delayed job_prefix user_prefix accepted_prefix layout
-- id, user, most → named: known: 1 if the job is stored; waiting: how many jobs wait; unfinished: how many of the user's
-- are, exact from `most` on
return {
    'known', redis.call('EXISTS', JOB_PREFIX .. args.id), 'waiting', count_waiting(),
    'unfinished', unfinished_of(args.user, args.most),
}
