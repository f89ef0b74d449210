#!lua flags=allow-oom
-- KEYS: answered_pictures picture_prefix
-- refs → nothing: these pictures are forgotten
drop_pictures(args.refs)
