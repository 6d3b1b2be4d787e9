-- Looks at the value, and begins a computation if it must: one atomic step.
--
-- A value counts if it ends with the current generation of its group. Whatever has the wrong type counts as absent.
-- Nothing is written unless a computation begins. To repeat it with the same token costs a ticket, nothing else, unless
-- another has begun in between: then it counts as two, and the fence stays until the lease ends.
--
-- KEYS  value, fence, and the generation unless the caller knows it (in a cluster it is in another slot)
-- ARGV  1 token   2 lease in ms   3 '1' to begin over a value   4 '1' to lead
--       5 the generation: the one known, or the one to create
--       6 epoch, 7 generation and 8 ticket of the computation to join, or ''
--       9 the leader to take over from, or '', 10 as long as its sign of life (its 'u') is this one, or '' whatever it is
--       11 the ticket of the leader that was waited for, or '': if one with that or a later one failed, waits for none
--       12 '1' to tell what is left of the value's lifetime
-- Gives {0, value with its stamp, what is left in ms, -1 for ever, or -3 if that was not asked}, {1} joined, {2} led by another, or {3, generation, epoch, ticket}.
local value, fence, group = KEYS[1], KEYS[2], KEYS[3]
local token, lease, lead = ARGV[1], tonumber(ARGV[2]), ARGV[4] == '1'

local function bytes(key)
  local found = redis.pcall('GET', key)
  return type(found) == 'string' and found or nil
end

local generation, known = ARGV[5], true
if group then
  local current = bytes(group)
  known = current and #current == 16
  if known then generation = current end
end

if ARGV[3] ~= '1' and known then
  local found = bytes(value)
  if found and #found >= 16 and string.sub(found, -16) == generation then
    return {0, found, ARGV[12] == '1' and redis.call('PTTL', value) or -3}
  end
end

-- e epoch, t last ticket, f ticket of the last that landed, n how many compute (and a field for each),
-- o leader, l its ticket, g its generation, u until when it leads, x ticket of the last leader that failed,
-- c that nothing was known when the epoch began
local state = redis.pcall('HMGET', fence, 'e', 'f', 'o', 'g', 'u', 'x', 't', 'n', 'l')

-- Whether a field is as it was written here: a token, or a number that is exact in a script. What is not is another
-- program's, or damaged; nothing of it counts then.
local function is_token(field) return not field or #field == 16 end
local function is_number(field)
  return not field or (string.find(field, '^%d+$') and tonumber(field) < 4503599627370496)
end
local broken = state.err
  or not (is_token(state[1]) and is_token(state[3]) and is_token(state[4]) and is_number(state[2])
    and is_number(state[5]) and is_number(state[6]) and is_number(state[7]) and is_number(state[8])
    and is_number(state[9]))
local epoch = not broken and state[1]
if epoch and epoch == ARGV[6] and generation == ARGV[7] and (tonumber(state[2] or 0) or 0) <= tonumber(ARGV[8]) then
  return {1}
end

-- The clock decides who waits for whom, never what is stored.
local now
if lead then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
  local leader = epoch and state[3]
  if leader and leader ~= token and state[4] == generation and now < (tonumber(state[5] or 0) or 0) then
    local replaced = leader == ARGV[9] and (ARGV[10] == '' or ARGV[10] == state[5])
    if not replaced then
      local waited = tonumber(ARGV[11])
      if not waited or (tonumber(state[6] or 0) or 0) < waited then return {2} end
      lead = false
    end
  end
end

if not known then redis.call('SET', group, generation) end
if broken then redis.call('DEL', fence) end
-- Another one each time, also when a request is repeated after its fence was lost.
local function new_epoch()
  local time = redis.call('TIME')
  epoch = string.sub(redis.sha1hex(token .. time[1] .. '.' .. time[2]), 1, 16)
  redis.call('HSET', fence, 'e', epoch, 'c', '1')
end
if not epoch then new_epoch() end
local ticket = redis.pcall('HINCRBY', fence, 't', 1)
if type(ticket) == 'table' then
  if not string.find(ticket.err, 'not an integer') then return ticket end
  -- Somebody else's hash.
  redis.call('DEL', fence)
  new_epoch()
  ticket = redis.call('HINCRBY', fence, 't', 1)
end
-- Counted by name, so that whoever ends twice ends nobody else.
if redis.call('HSETNX', fence, token, '') == 1 then
  local many = redis.pcall('HINCRBY', fence, 'n', 1)
  if type(many) == 'table' then redis.call('HSET', fence, 'n', 1) end
  if type(many) == 'number' and many > 1024 then
    -- Most of them ended without a word. To forget them costs those that live a miss.
    redis.call('DEL', fence)
    new_epoch()
    ticket = redis.call('HINCRBY', fence, 't', 1)
    redis.call('HSET', fence, token, '', 'n', 1)
  end
end
if lead then
  redis.call('HSET', fence, 'o', token, 'l', ticket, 'g', generation, 'u', string.format('%.0f', now + lease))
end
-- Never shorter than what another computation was promised.
if redis.call('PTTL', fence) < lease then redis.call('PEXPIRE', fence, lease) end
return {3, generation, epoch, ticket}
