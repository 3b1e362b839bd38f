-- Store a version of a value, unless a newer one is held.
--
-- KEYS[1]  the entry
-- ARGV     version; value ('' = a tombstone: the version alone); time to live in ms; what the value cost to make in ms
-- Returns 1 when it was written, 0 when a newer version stands there.
--
-- An equal version is written: it says the same, and an early refresh must be able to prolong it.
local held = redis.call('HGET', KEYS[1], 'ver')
if held and tonumber(held) > tonumber(ARGV[1]) then
    return 0
end
redis.call('HSET', KEYS[1], 'ver', ARGV[1], 'val', ARGV[2], 'cost', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
