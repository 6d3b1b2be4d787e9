-- Keeps a fence that stands. May be repeated.
--
-- KEYS  value, fence, and the generation unless the caller looks after it (in a cluster it is in another slot)
-- ARGV  1 token   2 generation   3 epoch   4 ticket   5 lease in ms
-- Gives 1 if it stands, else 0.
local fence, group, lease = KEYS[2], KEYS[3], tonumber(ARGV[5])
local state = redis.pcall('HMGET', fence, 'e', 'f', 'o')
if state.err or state[1] ~= ARGV[3] then return 0 end
if (tonumber(state[2] or 0) or 0) > tonumber(ARGV[4]) then return 0 end
if group and redis.pcall('GET', group) ~= ARGV[2] then return 0 end
if redis.call('PTTL', fence) < lease then redis.call('PEXPIRE', fence, lease) end
if state[3] == ARGV[1] then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  -- Out of memory it leads for as long as it was promised before.
  redis.pcall('HSET', fence, 'u', string.format('%.0f', now + lease))
end
return 1
