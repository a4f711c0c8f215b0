-- Names the functions that are paused.
--
-- KEYS[1] key prefix
-- ARGV: none
-- Returns a list of their ids, in no particular order.
-- include: args
return redis.call('HKEYS', P .. ':paused')
