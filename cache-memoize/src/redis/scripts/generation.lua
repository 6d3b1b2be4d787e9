-- The generation of a group, created if there is none. May be repeated. Only for clusters, where it has its own slot.
--
-- KEYS  the generation     ARGV  1 the one to create
local current = redis.pcall('GET', KEYS[1])
if type(current) == 'string' and #current == 16 then return current end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]
