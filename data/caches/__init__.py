"""Redis caches: products, search results, stock levels. Slower without them, never wrong with them.

Every entry is a hash ``{ver, val, cost}`` that is only ever replaced by one of the same or a higher version, in a Lua
script, and never deleted: a reader that was slow cannot put back what has been replaced meanwhile. Carts and sessions
are no caches; they live in ``data/carts``.
"""
