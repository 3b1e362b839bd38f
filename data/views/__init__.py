"""Saved views of lists: a query under a name, personal or shared, on a key from 1 to 9."""
