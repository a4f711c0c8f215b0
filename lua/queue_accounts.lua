-- Names the accounts that have work now.
--
-- KEYS[1] key prefix
-- ARGV: now ms; accounts at most
-- Returns a list of account ids in pointer order.
-- include: args
return redis.call('ZRANGEBYSCORE', P .. ':x:accounts', '-inf', arg_text(), 'LIMIT', 0, arg_text())
