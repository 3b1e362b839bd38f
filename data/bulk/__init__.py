"""Jobs over many records: dry run, per-row results, resume. See ``data.bulk.kinds`` for how a noun joins."""
