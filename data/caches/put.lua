-- Store a version of a value, unless a newer one is held.
--
-- KEYS[1]  the entry
-- ARGV     version; value ('' = a tombstone: the version alone); time to live in ms; what the value cost to make in ms;
--          '1' to write a value only where there is one, and a tombstone (living ARGV[6] ms) where there is none;
--          time to live of that tombstone in ms
-- Returns 1 when it was written, 0 when a newer version stands there.
--
-- An equal version is written: it says the same, and an early refresh must be able to prolong it.
local held, known = unpack(redis.call('HMGET', KEYS[1], 'ver', 'val'))
if held and tonumber(held) > tonumber(ARGV[1]) then
    return 0
end
local value, lifetime = ARGV[2], ARGV[3]
if ARGV[5] == '1' and (not known or known == '') then
    value, lifetime = '', ARGV[6]
end
redis.call('HSET', KEYS[1], 'ver', ARGV[1], 'val', value, 'cost', ARGV[4])
redis.call('PEXPIRE', KEYS[1], lifetime)
return 1
