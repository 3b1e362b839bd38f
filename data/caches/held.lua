-- Say which version each of many entries holds a value of.
--
-- KEYS     the entries
-- Returns place (from 1) and version of those that hold one, in turns; tombstones and missing entries are left out.
local found = {}
for place, key in ipairs(KEYS) do
    if redis.call('HSTRLEN', key, 'val') > 0 then
        found[#found + 1] = place
        found[#found + 1] = redis.call('HGET', key, 'ver')
    end
end
return found
