-- Stores the value of a computation if its fence stands, and ends the computation: one atomic step.
--
-- Storing needs proof: the fence must be there, with the epoch of the computation, and nothing that began later may
-- have landed. A fence that is lost stores nothing, and costs a refresh the value that it was to replace. Repeated, it
-- stores the same again or finds its fence gone: a miss at worst.
--
-- KEYS  value, fence, and the generation unless the caller looks after it (in a cluster it is in another slot)
-- ARGV  1 token   2 generation   3 epoch   4 ticket   5 lifetime in ms, 0 for ever
--       6 '1' for a refresh   7 channel   8 the value with its stamp, or '' to keep none
-- Gives 1 if it landed, else 0.
local value, fence, group = KEYS[1], KEYS[2], KEYS[3]
local ticket = tonumber(ARGV[4])

local state = redis.pcall('HMGET', fence, 'e', 'f', 'o', 'c', 'l')
local there = not state.err and state[1]
local landed, trouble = 0, nil

if there then
  local current = ARGV[2]
  if group then current = redis.pcall('GET', group) end
  if there == ARGV[3] and current == ARGV[2] and (tonumber(state[2] or 0) or 0) <= ticket then
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
      redis.pcall('HSET', fence, 'f', ARGV[4])
      -- A leader that began earlier is overtaken.
      if state[3] and (tonumber(state[5] or 0) or 0) < ticket then redis.pcall('HDEL', fence, 'o') end
    end
  elseif there ~= ARGV[3] and state[4] and ARGV[6] == '1' then
    -- The fence was lost, and another begun since: nobody knows what happened in between.
    redis.call('DEL', value)
  end
  -- Whether or not it landed, it computes no more. Out of memory the count cannot be written: the lease ends it.
  if state[3] == ARGV[1] then redis.pcall('HDEL', fence, 'o') end
  if redis.pcall('HDEL', fence, ARGV[1]) == 1 then
    local left = redis.pcall('HINCRBY', fence, 'n', -1)
    if type(left) == 'number' and left <= 0 then redis.call('DEL', fence) end
  end
  if state[3] then redis.pcall('PUBLISH', ARGV[7], value) end
elseif ARGV[6] == '1' then
  redis.call('DEL', value)
end

return trouble or landed
