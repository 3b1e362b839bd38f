"""Finding products: one query language and one plan, run by tantivy or Elasticsearch. See docs/search.md."""
