"""Every command of stock, ready to be run: importing this module registers the handlers with the door."""

from data.stock.messages import (
    AdjustStock,
    ReceivedMany,
    ReceiveLine,
    ReceiveMany,
    ReceiveStock,
    ReorderLevelSet,
    SaveWarehouse,
    SetReorderLevel,
    StockMoved,
    WarehouseSaved,
)

__all__ = [
    "AdjustStock",
    "ReceiveLine",
    "ReceiveMany",
    "ReceiveStock",
    "ReceivedMany",
    "ReorderLevelSet",
    "SaveWarehouse",
    "SetReorderLevel",
    "StockMoved",
    "WarehouseSaved",
]
