"""How the desk handles an order: tags, whose it is, on hold."""
