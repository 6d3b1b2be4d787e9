-- Ends a computation that stores nothing. It leads no more; others are not touched.
--
-- KEYS  value, fence
-- ARGV  1 token   2 channel   3 '1' if nobody knows whether the computation began: then only if it leads
local value, fence = KEYS[1], KEYS[2]
local state = redis.pcall('HMGET', fence, 'e', 'o')
if state.err or not state[1] then return 0 end
local leads = state[2] == ARGV[1]
if ARGV[3] == '1' and not leads then return 0 end
if leads then redis.pcall('HDEL', fence, 'o') end
if redis.pcall('HDEL', fence, ARGV[1]) == 1 then
  local left = redis.pcall('HINCRBY', fence, 'n', -1)
  if type(left) == 'number' and left <= 0 then redis.call('DEL', fence) end
end
if leads then redis.pcall('PUBLISH', ARGV[2], value) end
return 1
