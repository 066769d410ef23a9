"""Pages of documents, by whoever looks at them."""
