"""The product on machines that are not this one."""
