-- include: ledger
-- ARGV: the ledger's prefixes, the token of an attempt whose worker is gone.
note_lost(ARGV[4])
