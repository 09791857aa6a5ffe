"""After-sales: a buyer says that something is wrong, and headquarters answers him, once."""
