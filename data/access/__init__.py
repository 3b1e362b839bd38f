"""Who may do what: users, roles, permissions, and the audit of every write."""
