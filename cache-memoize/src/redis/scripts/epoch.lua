-- Begins an epoch of tags where there is none. May be repeated.
--
-- A hash has all of a namespace: e the epoch, c the number of the last mark, and a field for each bucket that was ever
-- marked. It lives and dies as a whole, so a bucket without a mark was not marked in this epoch.
--
-- KEYS  the hash     ARGV  1 the epoch to begin
local epoch = redis.pcall('HGET', KEYS[1], 'e')
if type(epoch) ~= 'string' or #epoch ~= 16 then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'e', ARGV[1])
end
return 1
