"""One module per revision: frozen, plain SQL, up and down."""
