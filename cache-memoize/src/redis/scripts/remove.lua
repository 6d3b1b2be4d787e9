-- Removes the value and fences off all computations of its key: one atomic step, which works without free memory.
--
-- The first write is a DEL: after it, a server that is out of memory lets the script write on. May be repeated.
--
-- KEYS  value, fence, and the generation unless the caller looks after it (in a cluster it is in another slot)
-- ARGV  1 the new epoch   2 channel
-- Gives {the stamp of the value that was there or '', the generation or ''}.
local value, fence, group = KEYS[1], KEYS[2], KEYS[3]

local function text(found)
  return type(found) == 'string' and found or ''
end

local stamp = text(redis.pcall('GETRANGE', value, -16, -1))
local generation = group and text(redis.pcall('GET', group)) or ''
redis.call('DEL', value)

local state = redis.pcall('HMGET', fence, 'e', 'o')
if state.err then
  redis.call('DEL', fence)
elseif state[1] then
  redis.call('HDEL', fence, 'o', 'c')
  local done = redis.pcall('HSET', fence, 'e', ARGV[1])
  -- Without a fence nothing is stored: as good, only more is computed.
  if type(done) == 'table' then redis.call('DEL', fence) end
  if state[2] then redis.pcall('PUBLISH', ARGV[2], value) end
end
return {stamp, generation}
