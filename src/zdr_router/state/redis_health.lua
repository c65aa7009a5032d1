-- One event of one target, as routing/health.py steps it, on the clock of the server.
--
-- KEYS[1]  the state of the target; it is deleted by itself once it says nothing any more
-- ARGV     kind, how many times it happened in a row, seconds until which the provider wants to be left alone,
--          then the settings, all durations in seconds: window, slices, failure ratio, minimum throughput,
--          consecutive failures, first and longest ejection, longest throttle, how long a probe may take,
--          how long an isolation is kept while no worker asks for it
-- Answers with the instant on the server's clock and the state, as numbers in a line:
--          now failures ejected_until ejections forgiven_at probe_until not_before isolated
--          then began, attempts, failures of each slice of the window, oldest first

local kind, times, wish = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local window, slices, ratio = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local throughput, in_a_row = tonumber(ARGV[7]), tonumber(ARGV[8])
local eject_for, longest_ejection = tonumber(ARGV[9]), tonumber(ARGV[10])
local longest_throttle, probe_lasts, isolation_kept = tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])

local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6

local known = {}
local text = redis.call('GET', KEYS[1])
if text then
  for number in string.gmatch(text, '%S+') do known[#known + 1] = tonumber(number) end
end
local failures, ejected_until, ejections = known[1] or 0, known[2] or 0, known[3] or 0
local forgiven_at, probe_until = known[4] or 0, known[5] or 0
local not_before, isolated = known[6] or 0, known[7] or 0
local counted = {}
for i = 8, #known do counted[#counted + 1] = known[i] end

-- The clock of a server that took over may be behind: nobody is held back for longer than the settings say.
ejected_until = math.min(ejected_until, now + longest_ejection)
probe_until = math.min(probe_until, now + probe_lasts)
not_before = math.min(not_before, now + longest_throttle)

local function length(n) return math.min(eject_for * n, longest_ejection) end

local function eject(n)
  failures, counted, ejections, probe_until = 0, {}, n, 0
  ejected_until = now + length(n)
end

local function count(failed)
  local last = #counted - 2
  if last > 0 and now < counted[last] + window / slices then
    counted[last + 1] = counted[last + 1] + 1
    counted[last + 2] = counted[last + 2] + failed
    return
  end
  local kept = {}
  for i = 1, #counted, 3 do
    if counted[i] > now - window then
      for j = i, i + 2 do kept[#kept + 1] = counted[j] end
    end
  end
  kept[#kept + 1], kept[#kept + 2], kept[#kept + 3] = now, 1, failed
  counted = kept
end

local function fails()
  local attempts, failed = 0, 0
  for i = 1, #counted, 3 do
    if i == #counted - 2 or counted[i] > now - window then
      attempts, failed = attempts + counted[i + 1], failed + counted[i + 2]
    end
  end
  return attempts >= throughput and failed >= ratio * attempts
end

local function decides() return probe_until ~= 0 or now >= ejected_until end

local steps = {
  started = function()
    if ejected_until ~= 0 then probe_until = now + probe_lasts end
  end,
  succeeded = function()
    failures = 0
    if ejected_until == 0 then
      count(0)
    elseif decides() then
      counted, ejected_until, probe_until = {}, 0, 0
      forgiven_at = now + length(ejections)
    end
  end,
  failed = function()
    if ejected_until ~= 0 then
      if decides() then eject(ejections + 1) end
      return
    end
    failures = failures + 1
    count(1)
    if failures >= in_a_row or fails() then eject(now >= forgiven_at and 1 or ejections + 1) end
  end,
  throttled = function()
    not_before = math.max(not_before, math.min(now + wish, now + longest_throttle))
    probe_until = 0
  end,
  abandoned = function() probe_until = 0 end,
  isolated = function() isolated = 1 end,
  released = function() isolated = 0 end,
}
steps.probed = steps.started
if steps[kind] then
  for _ = 1, times do steps[kind]() end
end

local state = {failures, ejected_until, ejections, forgiven_at, probe_until, not_before, isolated}
for i = 1, #counted do state[#state + 1] = counted[i] end
for i = 1, #state do state[i] = string.format('%.17g', state[i]) end
local line = table.concat(state, ' ')

-- Longer than anything in it matters. Readers change nothing, but for an isolation, which they keep.
local matters = longest_ejection * 2 + longest_throttle + probe_lasts + window
if isolated == 1 then matters = matters + isolation_kept end
if steps[kind] or (text and text ~= line) then
  redis.call('SET', KEYS[1], line, 'PX', math.ceil(matters * 1000))
elseif isolated == 1 then
  redis.call('PEXPIRE', KEYS[1], math.ceil(matters * 1000))
end
return string.format('%.17g', now) .. ' ' .. line
