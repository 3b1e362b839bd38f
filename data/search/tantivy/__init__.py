"""The local engine, in the process that asks: an index in a folder, mapped into memory."""
