"""The engine on a cluster, through the client library ``elasticsearch``."""
