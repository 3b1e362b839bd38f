-- Replace a value if its version is still the one the caller saw.
--
-- KEYS[1]  the entry: a hash {ver, val}
-- ARGV     the version seen (0 = nothing there); the new value; time to live in ms
-- Returns the new version, or -1 when somebody else was first.
local held = redis.call('HGET', KEYS[1], 'ver') or '0'
if held ~= ARGV[1] then
    return -1
end
local version = tonumber(held) + 1
redis.call('HSET', KEYS[1], 'ver', version, 'val', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return version
