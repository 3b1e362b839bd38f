"""Every command of the catalog, ready to be run: importing this module registers the handlers with the door.

MongoDB cannot join PostgreSQL's transaction, so each document remembers the idempotency keys of its last writes
(``edit_keys``): when a command is run again because the commit in PostgreSQL was lost, the handler finds its key in the
document and answers as it did the first time, without a second write. Rejected: a saga with a "pending" document state,
which every reader would have to know.
"""

from data.catalog import categories, category_moves, duplicates, edits, puts  # noqa: F401  (their handlers)
from data.catalog.messages import (
    ArchiveProduct,
    CategorySaved,
    CreateProduct,
    DuplicateProduct,
    EditAttributes,
    EditProduct,
    ProductEdited,
    ProductInput,
    ProductPut,
    ProductsPut,
    PutError,
    PutProduct,
    PutProducts,
    RestoreProduct,
    SaveCategory,
)

__all__ = [
    "ArchiveProduct",
    "CategorySaved",
    "CreateProduct",
    "DuplicateProduct",
    "EditAttributes",
    "EditProduct",
    "ProductEdited",
    "ProductInput",
    "ProductPut",
    "ProductsPut",
    "PutError",
    "PutProduct",
    "PutProducts",
    "RestoreProduct",
    "SaveCategory",
]
