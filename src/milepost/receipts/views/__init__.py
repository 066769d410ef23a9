"""Pages of receipts, by whoever looks at them."""
