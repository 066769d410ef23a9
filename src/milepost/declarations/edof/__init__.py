"""Entry and exit of people who pay with their personal training account (CPF), for the portal of training organisations (EDOF)."""
