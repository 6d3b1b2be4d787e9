-- Ends a computation that stores nothing. It leads no more; others are not touched.
--
-- If it led and failed, those who waited for it find its ticket in the fence, and do not wait for the next one: so the
-- fence stays for a moment, which is longer than they sleep between two looks.
--
-- KEYS  value, fence
-- ARGV  1 token   2 channel   3 '1' if nobody knows whether the computation began: then only if it leads
--       4 '1' if it failed
local value, fence = KEYS[1], KEYS[2]
local state = redis.pcall('HMGET', fence, 'e', 'o', 'l')
if state.err or not state[1] then return 0 end
local leads = state[2] == ARGV[1]
if ARGV[3] == '1' and not leads then return 0 end
if leads then redis.pcall('HDEL', fence, 'o') end
local failed = leads and ARGV[4] == '1' and state[3] and type(redis.pcall('HSET', fence, 'x', state[3])) == 'number'
if redis.pcall('HDEL', fence, ARGV[1]) == 1 then
  local left = redis.pcall('HINCRBY', fence, 'n', -1)
  if type(left) == 'number' and left <= 0 then
    if failed then redis.call('PEXPIRE', fence, 1000) else redis.call('DEL', fence) end
  end
end
if leads then redis.pcall('PUBLISH', ARGV[2], value) end
return 1
