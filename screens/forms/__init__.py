"""Forms over a screen: new customers, products, stock; they keep what was typed as drafts."""
