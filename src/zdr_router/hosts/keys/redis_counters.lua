-- Counts what a key asks for. KEYS: a hash with what is left in its buckets, a sorted set of the requests under way.
-- ARGV: what to do (reserve | settle), tokens (to take, or to give back), the name of the request, seconds that its place
-- is held for, and the limits: requests a minute, tokens a minute, requests at a time; 0 is none.
-- Answers "over requests tokens": which limit was in the way (0: none), and what is left.
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local kind, tokens, name = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local hold, a_minute, tokens_a_minute, at_once =
    tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

local function level(field, limit)
    local kept = redis.call('HMGET', KEYS[1], field, field .. '_at')
    if not kept[1] then return limit end
    return math.min(limit, tonumber(kept[1]) + math.max(0, now - tonumber(kept[2])) * limit / 60)
end

local function keep(field, value, limit)
    redis.call('HSET', KEYS[1], field, string.format('%.6f', value), field .. '_at', string.format('%.6f', now))
    -- Until it is full again, when it says no more than no bucket at all does.
    local full = math.ceil(math.max(0, limit - value) * 60 / limit) + 60
    if redis.call('TTL', KEYS[1]) < full then redis.call('EXPIRE', KEYS[1], full) end
end

if kind == 'settle' then
    -- What took nothing, or was settled already, gives nothing back.
    local held = redis.call('ZREM', KEYS[2], name)
    if held == 1 and tokens_a_minute > 0 and tokens ~= 0 then
        keep('tokens', math.min(tokens_a_minute, level('tokens', tokens_a_minute) + tokens), tokens_a_minute)
    end
    return '0 0 0'
end

local requests = a_minute > 0 and level('requests', a_minute) or 0
local left = tokens_a_minute > 0 and level('tokens', tokens_a_minute) or 0
local over = 0
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.6f', now))
if at_once > 0 and redis.call('ZCARD', KEYS[2]) >= at_once then over = 3 end
if over == 0 and a_minute > 0 and requests < 1 then over = 1 end
if over == 0 and tokens_a_minute > 0 and left < tokens then over = 2 end
if over == 0 then
    if a_minute > 0 then
        requests = requests - 1
        keep('requests', requests, a_minute)
    end
    if tokens_a_minute > 0 then
        left = left - tokens
        keep('tokens', left, tokens_a_minute)
    end
    redis.call('ZADD', KEYS[2], string.format('%.6f', now + hold), name)
    redis.call('EXPIRE', KEYS[2], math.ceil(hold) + 1)
end
return string.format('%d %.6f %.6f', over, requests, left)
