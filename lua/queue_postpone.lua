-- Puts a leased item back without having worked on it: its due time, its place in the order and its attempts stay.
--
-- KEYS[1] key prefix
-- ARGV: item; lease token; ms when it is ready again
-- Returns 1, or 0 when the lease is lost or the item gone.
-- include: queue
local id, token, ready_at = arg_text(), arg_text(), arg_text()
return holds_lease(id, token) and put_back(id, ready_at) and 1 or 0
