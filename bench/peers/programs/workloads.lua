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
