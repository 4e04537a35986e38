-- One leaky bucket (GCRA). It is kept as one number: when it will be full again, in microseconds of the server's clock.
-- KEYS[1]: the bucket. ARGV[1]: microseconds until one more. ARGV[2]: how many at once.
-- Answers how many more, and how many microseconds to wait if this one was too many, else 0.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local every = tonumber(ARGV[1])
local span = every * tonumber(ARGV[2])
local full = tonumber(redis.call('GET', KEYS[1]) or now)
-- A clock that was set back, or another server's after a failover, keeps nobody out for longer than a whole span.
full = math.min(math.max(full, now), now + span) + every
local spare = now + span - full
if spare < 0 then
  return {0, -spare}
end
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
return {math.floor(spare / every), 0}
