"""What is tried against a running product: the world it is tried in, the browser, the classes of attacks, what requests cost."""
