-- Stores a value and fences off all computations of its key: one atomic step. May be repeated.
--
-- KEYS  value, fence, and the generation unless the caller knows it (in a cluster it is in another slot)
-- ARGV  1 the new epoch   2 channel   3 lifetime in ms, 0 for ever
--       4 the generation: the one known, or the one to create   5 the value without a stamp
local value, fence, group = KEYS[1], KEYS[2], KEYS[3]

local generation = ARGV[4]
if group then
  local current = redis.pcall('GET', group)
  if type(current) == 'string' and #current == 16 then
    generation = current
  else
    redis.call('SET', group, generation)
  end
end

if ARGV[3] == '0' then
  redis.call('SET', value, ARGV[5] .. generation)
else
  redis.call('SET', value, ARGV[5] .. generation, 'PX', ARGV[3])
end

local state = redis.pcall('HMGET', fence, 'e', 'o')
if state.err then
  redis.call('DEL', fence)
elseif state[1] then
  redis.call('HDEL', fence, 'o')
  local done = redis.pcall('HSET', fence, 'e', ARGV[1])
  if type(done) == 'table' then redis.call('DEL', fence) end
  if state[2] then redis.pcall('PUBLISH', ARGV[2], value) end
end
return 1
