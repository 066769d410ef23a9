"""What every room stands on: clocks, canonical JSON, blobs, tables, ranges, HTTP and frozen rows.

Others may call any public name in here. This room knows no other room and holds no models, so that it
can be imported from anywhere, at any time.
"""
