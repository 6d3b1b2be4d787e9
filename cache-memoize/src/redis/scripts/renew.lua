-- Keeps fences that stand. May be repeated.
--
-- KEYS  for each of them its fence, and the generation unless the caller looks after it (in a cluster it is in another
--       slot, and there is one fence)
-- ARGV  1 lease in ms   2 how many keys each of them has
--       then for each: token, generation, epoch, ticket
-- Gives for each 1 if it stands, else 0.
local lease, width = tonumber(ARGV[1]), tonumber(ARGV[2])
local until_then

local function renew(fence, group, token, generation, epoch, ticket)
  local state = redis.pcall('HMGET', fence, 'e', 'f', 'o')
  if state.err or state[1] ~= epoch then return 0 end
  if (tonumber(state[2] or 0) or 0) > tonumber(ticket) then return 0 end
  if group and redis.pcall('GET', group) ~= generation then return 0 end
  if redis.call('PTTL', fence) < lease then redis.call('PEXPIRE', fence, lease) end
  if state[3] == token then
    if not until_then then
      local time = redis.call('TIME')
      until_then = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + lease)
    end
    -- Out of memory it leads for as long as it was promised before.
    redis.pcall('HSET', fence, 'u', until_then)
  end
  return 1
end

local stand = {}
for number = 1, #KEYS / width do
  local key, argument = (number - 1) * width, 4 * number - 2
  stand[number] = renew(KEYS[key + 1], width > 1 and KEYS[key + 2], unpack(ARGV, argument + 1, argument + 4))
end
return stand
