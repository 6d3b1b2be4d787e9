-- The end of a value, and what is left of its lifetime: one atomic step, which changes nothing.
--
-- KEYS  value, and the generation unless the caller reads it (in a cluster it is in another slot)
-- ARGV  1 how many bytes at its end, its stamp included   2 '1' to tell what is left
-- Gives {the end with the stamp, the generation, what is left in ms, -1 for ever, or -3 if that was not asked}; what is
-- not there, or of another type, is nil.
local value, group = KEYS[1], KEYS[2]

local function text(found)
  return type(found) == 'string' and found or false
end

local found = text(redis.pcall('GETRANGE', value, -tonumber(ARGV[1]), -1))
local generation = group and text(redis.pcall('GET', group))
return {found, generation or false, ARGV[2] == '1' and redis.call('PTTL', value) or -3}
