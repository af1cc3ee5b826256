-- Lua: a machine is a function over locals and tables that it changes in place; run by its interpreter.
-- lua workloads.lua WORKLOAD SECONDS: nanoseconds a step and the checksum of the first lap.
local seed = 42
local function next_number() seed = (seed * 16807) % 2147483647 return seed end
local function account(count) return 'acct' .. string.format('%d', next_number() % count) end

local function many(count, make)
  local items = {}
  for i = 1, count do items[i] = make() end
  return items
end
local function counting() return many(65536, function() return { tag = next_number() & 1 } end) end
local function times() return many(1024, function() return { times = 100 } end) end
local function low(reply) return reply == nil and 1 or reply & 7 end

-- Receivers are of so many accounts, of which 10000 are there.
local function orders(receivers)
  return many(65536, function()
    if next_number() % 4 == 0 then return { account = account(10000) } end
    local from = account(10000)
    local to = account(receivers)
    return { from = from, to = to, amount = 1 + next_number() % 100 }
  end)
end
local function accounts()
  local balance = {}
  for i = 0, 9999 do balance['acct' .. i] = 1000 end
  return balance
end
local done, missing, fault = { tag = 0, value = 0 }, { tag = 1, value = 0 }, { tag = 4, value = 0 }
local function outcome(reply) return reply.tag + (reply.value & 7) end

local function measures()
  return many(65536, function()
    local kind = next_number() % 8
    if kind == 0 then return { tag = 2, value = 0 } end
    if kind == 1 then return { tag = 1, value = 850 + next_number() % 100 } end
    return { tag = 0, value = next_number() % 1000 }
  end)
end

local WORDS = { 'ship', 'order', 'late', 'paid', 'refund', 'parcel', 'address', 'again' }
local function word() return WORDS[1 + next_number() % #WORDS] end
local function posts()
  return many(4096, function()
    local kind = next_number() % 4
    if kind == 0 then return { tag = 1, word = word() } end
    if kind == 1 then return { tag = 2, count = 1 + next_number() % 10 } end
    local author = 'user' .. string.format('%d', next_number() % 100)
    return { tag = 0, author = author, words = many(2 + next_number() % 6, word) }
  end)
end

-- The messages are 0 hello, 1 accept, 2 data, 3 ack, 4 bye, 5 tick.
local KINDS = { 0, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 5 }
local function messages()
  return many(65536, function()
    local tag = KINDS[1 + next_number() % #KINDS]
    local peer = 1 + next_number() % 2
    return { tag = tag, peer = peer, number = next_number() % 4 }
  end)
end
local ignored = { tag = 0, value = 0 }
local function answer(tag, value) return { tag = tag, value = value } end

-- A phase is what it does with a message.
local idle, greeting, open, closing
function idle(s, input)
  if input.tag ~= 0 then return ignored end
  s.phase, s.peer, s.tries = greeting, input.peer, 0
  return answer(1, input.peer)
end
function greeting(s, input)
  local tag, tries = input.tag, s.tries
  if tag == 0 then
    s.tries, s.peer = tries + 1, input.peer
    return answer(1, input.peer)
  end
  if tag == 1 then
    if input.peer ~= s.peer then return answer(6, 'accepted by another') end
    s.phase, s.sent, s.seen = open, 0, 0
    return answer(2, s.peer)
  end
  if tag ~= 5 then return ignored end
  if tries > 3 then
    s.phase = idle
    return answer(5, tries)
  end
  s.tries = tries + 1
  return answer(4, tries)
end
function open(s, input)
  local tag, number, sent = input.tag, input.number, s.sent
  if tag == 2 then
    if input.peer ~= s.peer then return answer(6, 'sent by another') end
    s.sent = sent + 1
    if number > s.seen then s.seen = number end
    return answer(3, number)
  end
  if tag == 3 then
    if number > sent then return answer(6, 'never sent') end
    s.sent = sent - number
    return answer(3, s.seen)
  end
  if tag == 4 then
    s.phase = closing
    return answer(5, sent)
  end
  return tag == 5 and answer(4, sent) or ignored
end
function closing(s, input)
  local tag, number, pending = input.tag, input.number, s.sent
  if tag == 3 and pending > number then
    s.sent = pending - number
    return answer(3, pending)
  end
  if tag ~= 3 and tag ~= 5 then return ignored end
  s.phase = idle
  return answer(5, tag == 3 and 0 or pending)
end

local machines = {
  counter = function()
    local n = 0
    return counting(), function(input) if input.tag == 0 then n = n + 1 else return n end end, low
  end,
  pair = function()
    local s = { old = 3, n = 0 }
    return counting(), function(input) if input.tag == 0 then s.n = s.n + 1 else return s.n end end, low
  end,
  ledger = function()
    local balance = accounts()
    local function step(input)
      if input.account then
        local b = balance[input.account]
        if b == nil then return missing end
        return { tag = 2, value = b }
      end
      local from, to, amount = input.from, input.to, input.amount
      local a = balance[from]
      if a == nil or balance[to] == nil then return missing end
      if a < amount then return { tag = 3, value = amount - a } end
      balance[from] = a - amount
      balance[to] = balance[to] + amount
      return done
    end
    return orders(10000), step, outcome
  end,
  ledgerFails = function()
    local balance = accounts()
    local function step(input)
      if input.account then
        local b = balance[input.account]
        if b == nil then return missing end
        return { tag = 2, value = b }
      end
      local from, to, amount = input.from, input.to, input.amount
      local a = balance[from]
      if a == nil then return missing end
      if a < amount then return { tag = 3, value = amount - a } end
      balance[from] = a - amount
      local b = balance[to]
      if b == nil then
        balance[from] = a
        return fault
      end
      balance[to] = b + amount
      return done
    end
    return orders(11111), step, outcome
  end,
  record = function()
    local s = { count = 0, sum = 0, least = 1000000, most = 0, last = 0, limit = 900, alarms = 0, label = 'gauge' }
    local function step(input)
      local value = input.value
      if input.tag == 0 then
        local over = value > s.limit
        s.count = s.count + 1
        s.sum = (s.sum + value) % 1000000007
        if value < s.least then s.least = value end
        if value > s.most then s.most = value end
        s.last = value
        if over then s.alarms = s.alarms + 1 end
        return over
      end
      if input.tag == 2 then return { count = s.count, least = s.least, most = s.most, sum = s.sum } end
      s.limit = value
    end
    local function digest(reply)
      if reply == nil then return 1 end
      if reply == true then return 2 end
      if reply == false then return 3 end
      return reply.count + reply.least + reply.most + reply.sum & 7
    end
    return measures(), step, digest
  end,
  text = function()
    local notes, total = {}, 0
    local function step(input)
      if input.tag == 0 then
        local note = input.author .. ': ' .. table.concat(input.words, ' ')
        notes[#notes + 1] = note
        if #notes > 50 then table.remove(notes, 1) end
        total = total + 1
        return #note
      end
      if input.tag == 1 then
        local count, word = 0, input.word
        for i = 1, #notes do
          if notes[i]:find(word, 1, true) then count = count + 1 end
        end
        return count
      end
      local heads = {}
      for i = #notes, math.max(1, #notes - input.count + 1), -1 do
        heads[#heads + 1] = notes[i]:sub(1, 12):upper()
      end
      return heads
    end
    local function digest(reply)
      if math.type(reply) == 'integer' then return reply & 7 end
      return #reply + (#(reply[1] or '') & 7)
    end
    return posts(), step, digest
  end,
  protocol = function()
    local s = { phase = idle, peer = 0, tries = 0, sent = 0, seen = 0 }
    local function step(input) return s.phase(s, input) end
    local function digest(reply)
      local value = reply.value
      return reply.tag + ((math.type(value) and value or #value) & 7)
    end
    return messages(), step, digest
  end,
  foldSmall = function()
    local x, hits = 1, 0
    return times(), function(input)
      local v, h = x, hits
      for _ = 1, input.times do
        v = (v * 75 + 74) % 65537
        if v < 20000 then h = h + 1 end
      end
      x, hits = v, h & 1023
      return v
    end, low
  end,
  foldLarge = function()
    local x = 1
    return times(), function(input)
      local v = x
      for _ = 1, input.times do v = (v * 75 + 74) % 90071992547 end
      x = v
      return v
    end, low
  end,
}

local inputs, step, digest = machines[arg[1]]()
local function pass()
  local sum = 0
  for i = 1, #inputs do sum = sum + digest(step(inputs[i])) end
  return sum
end
-- Lua's own clock has whole seconds, or counts only what the process ran.
local function now()
  local clock = assert(io.popen('date +%s.%N'))
  local seconds = clock:read('n')
  clock:close()
  return seconds
end

local checksum = pass()
local deadline = os.clock() + tonumber(arg[2])
local passes = 0
local start = now()
repeat
  pass()
  passes = passes + 1
until os.clock() >= deadline and passes >= 3
print(string.format('%.3f %d', (now() - start) * 1e9 / (passes * #inputs), checksum))
