-- Bring many entries to new versions, in one call: a thousand calls cost the caller more than the work they ask for.
--
-- KEYS     the entries
-- ARGV     time to live of a tombstone in ms; then the version of each entry
-- Returns the places in KEYS (from 1) of those that hold a value: the caller puts the new one.
--
-- Of what holds none only the version is left (a tombstone), unless a newer one stands there, as in put.lua.
local valued = {}
for place, key in ipairs(KEYS) do
    if redis.call('HSTRLEN', key, 'val') > 0 then
        valued[#valued + 1] = place
    else
        local version = ARGV[place + 1]
        local held = redis.call('HGET', key, 'ver')
        if not (held and tonumber(held) > tonumber(version)) then
            redis.call('HSET', key, 'ver', version, 'val', '', 'cost', '1.0')
            redis.call('PEXPIRE', key, ARGV[1])
        end
    end
end
return valued
