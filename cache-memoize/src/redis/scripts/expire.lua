-- Ends the lifetime of the value, and fences off all computations of its key: one atomic step, which works without free
-- memory.
--
-- What is left is the stale window that the value was stored with, or less if it is stale already; a value without one is
-- removed. The window is read from the value, where every entry of this layout has it: another release may know another
-- one. May be repeated: the second time it finds no more than the window left.
--
-- KEYS  value, fence, and the generation unless the caller looks after it (in a cluster it is in another slot)
-- ARGV  1 the new epoch   2 channel   3 what a value with a window begins with   4 where the window is in it
-- Gives {the stamp of the value that was there or '', the generation or ''}.
local value, fence, group = KEYS[1], KEYS[2], KEYS[3]

local function text(found)
  return type(found) == 'string' and found or ''
end

-- In milliseconds: eight bytes, little endian. Longer than a thousand years is no time that the server takes.
local function window()
  local head = text(redis.pcall('GETRANGE', value, 0, ARGV[4] + 7))
  if #head < ARGV[4] + 8 or string.sub(head, 1, #ARGV[3]) ~= ARGV[3] then return 0 end
  local sum = 0
  for at = 8, 1, -1 do sum = sum * 256 + string.byte(head, ARGV[4] + at) end
  return math.min(sum, 31622400000000)
end

local stamp = text(redis.pcall('GETRANGE', value, -16, -1))
local generation = group and text(redis.pcall('GET', group)) or ''
local stale = window()
if stale == 0 then
  redis.call('DEL', value)
else
  local left = redis.call('PTTL', value)
  if left == -1 or left > stale then redis.call('PEXPIRE', value, string.format('%.0f', stale)) end
end

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
