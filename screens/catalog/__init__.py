"""Finding and changing products: the catalog, one product, categories, the sheet, imports."""
