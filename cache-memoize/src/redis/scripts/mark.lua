-- Marks some buckets of tags: one atomic step. Repeated, it marks them once more, which does no harm.
--
-- A mark is a number and eight random bytes. The number is higher than that of every mark before, and at least the time
-- of the server in microseconds: a failover may forget some marks, and a mere counter would count up to the same numbers
-- again, which entries hold already.
--
-- KEYS  the hash (see `epoch`)     ARGV  1 the epoch to begin if there is none   2 eight random bytes   then the buckets
local tags = KEYS[1]
local state = redis.pcall('HMGET', tags, 'e', 'c')
local last = not state.err and state[2] or '0'
-- A number that is exact in a script, or another program wrote it.
local broken = state.err or not state[1] or #state[1] ~= 16
  or not string.find(last, '^%d+$') or tonumber(last) > 4503599627370496
if broken then
  redis.call('DEL', tags)
  redis.call('HSET', tags, 'e', ARGV[1])
  last = '0'
end
local time = redis.call('TIME')
local number = string.format('%.0f', math.max(time[1] * 1000000 + time[2], tonumber(last) + 1))
redis.call('HSET', tags, 'c', number)
for at = 3, #ARGV do redis.call('HSET', tags, ARGV[at], number .. ARGV[2]) end
return 1
