-- Creates a run that no intake event starts (durable endpoints, reruns).
--
-- KEYS[1] key prefix
-- ARGV: one run as in lib/creation
-- Returns 1 created, 0 started before (idempotency key used, or the run exists).
-- include: creation
return create_run(arg_run())
