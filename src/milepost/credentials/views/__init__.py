"""Pages of certificates, by whoever looks at them."""
