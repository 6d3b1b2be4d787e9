-- A value, and what is left of its lifetime: one atomic step, which changes nothing.
--
-- KEYS  value, and the generation unless the caller reads it (in a cluster it is in another slot)
-- Gives {value with its stamp, the generation, what is left in ms, or -1 for ever}; what is not there, or of another
-- type, is nil.
local function bytes(key)
  local found = key and redis.pcall('GET', key)
  return type(found) == 'string' and found or false
end
return {bytes(KEYS[1]), bytes(KEYS[2]), redis.call('PTTL', KEYS[1])}
