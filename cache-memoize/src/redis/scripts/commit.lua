-- Stores the value of a computation if its fence stands, and ends the computation: one atomic step.
--
-- Storing needs proof: the fence must be there, with the epoch of the computation, and nothing that began later may
-- have landed. A fence that is lost stores nothing, and costs a refresh the value that it was to replace. Repeated, it
-- stores the same again or finds its fence gone: a miss at worst.
--
-- One that expects something replaces that and nothing else, and overtakes whatever began before. It must not be taken for
-- refused if it landed, or its caller would do it once more. So the fence remembers what became of the last ones, and
-- stays for a moment; where neither that nor its own mark is there, nobody knows.
--
-- KEYS  value, fence, and the generation unless the caller looks after it (in a cluster it is in another slot)
-- ARGV  1 token   2 generation   3 epoch   4 ticket   5 how long the value is kept in ms, 0 for ever
--       6 '1' for a refresh   7 channel   8 the value with its stamp, or '' to keep none
--       9 '' to expect nothing in particular, '0' no value, '1' one that ends with   10 these bytes, without its stamp
-- Gives 1 if it landed, else 0; or 2 if nobody knows.
local value, fence, group = KEYS[1], KEYS[2], KEYS[3]
local token, ticket, expects = ARGV[1], tonumber(ARGV[4]), ARGV[9] ~= ''

local state = redis.pcall('HMGET', fence, 'e', 'f', 'o', 'c', 'l')
local there = not state.err and state[1]
local landed, trouble, past = 0, nil, nil

if expects then
  -- d tokens of the last that expected something, each with what became of it
  local own = there and redis.call('HMGET', fence, 'd', token) or {}
  past = own[1] or ''
  local at = string.find(past, token, 1, true)
  if at then return tonumber(string.sub(past, at + 16, at + 16)) or 2 end
  if not own[2] then return 2 end
end

local function is_expected()
  if not expects then return true end
  local found = redis.pcall('GETRANGE', value, -(#ARGV[10] + 16), -1)
  local is_there = type(found) == 'string' and #found >= 16 and string.sub(found, -16) == ARGV[2]
  if ARGV[9] == '0' then return not is_there end
  return is_there and found == ARGV[10] .. ARGV[2]
end

if there then
  local current = ARGV[2]
  if group then current = redis.pcall('GET', group) end
  if there == ARGV[3] and current == ARGV[2] and (tonumber(state[2] or 0) or 0) <= ticket
    and is_expected() then
    local done
    if ARGV[8] == '' then
      done = redis.pcall('DEL', value)
    elseif ARGV[5] == '0' then
      done = redis.pcall('SET', value, ARGV[8])
    else
      done = redis.pcall('SET', value, ARGV[8], 'PX', ARGV[5])
    end
    if type(done) == 'table' and done.err then
      trouble = done
    else
      landed = 1
      local floor = ARGV[4]
      -- Its instant is now, not when it began.
      if expects then floor = redis.pcall('HINCRBY', fence, 't', 1) end
      -- Without a fence nothing that began before is stored.
      if type(floor) == 'table' then redis.call('DEL', fence) else redis.pcall('HSET', fence, 'f', floor) end
      -- A leader that began earlier is overtaken.
      if state[3] and (expects or (tonumber(state[5] or 0) or 0) < ticket) then redis.pcall('HDEL', fence, 'o') end
    end
  elseif there ~= ARGV[3] and state[4] and ARGV[6] == '1' then
    -- The fence was lost, and another begun since: nobody knows what happened in between.
    redis.call('DEL', value)
  end
  -- Whether or not it landed, it computes no more. Out of memory the count cannot be written: the lease ends it.
  if state[3] == token then redis.pcall('HDEL', fence, 'o') end
  if redis.pcall('HDEL', fence, token) == 1 then
    local left = redis.pcall('HINCRBY', fence, 'n', -1)
    local is_last = type(left) == 'number' and left <= 0
    if expects and not trouble then
      redis.pcall('HSET', fence, 'd', string.sub(past .. token .. landed, -17 * 64))
      if is_last then redis.call('PEXPIRE', fence, 1000) end
    elseif is_last then
      redis.call('DEL', fence)
    end
  end
  if state[3] then redis.pcall('PUBLISH', ARGV[7], value) end
elseif ARGV[6] == '1' then
  redis.call('DEL', value)
end

return trouble or landed
