-- One leaky bucket (GCRA). Its state is one number: the time at which it is full again, in microseconds of the server's clock.
-- KEYS[1]: key of the bucket. ARGV[1]: microseconds per call. ARGV[2]: burst.
-- Returns the number of further calls that are allowed, and the microseconds to wait if this call is rejected, else 0.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local every = tonumber(ARGV[1])
local span = every * tonumber(ARGV[2])
local full = tonumber(redis.call('GET', KEYS[1]) or now)
-- A clock that was set back, or that of another server after a failover, blocks a caller for at most one span.
full = math.min(math.max(full, now), now + span) + every
local spare = now + span - full
if spare < 0 then
  return {0, -spare}
end
redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000))
return {math.floor(spare / every), 0}
