"""The kernel facilities, one module each. Nothing here knows what a guest is."""
