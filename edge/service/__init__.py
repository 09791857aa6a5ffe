"""The unit as a service of the machine: started by it, watched by it, started again by it.

notify      tells the machine's service manager that the unit is ready, and that it is well
watchdog    asks the unit's own verifier and database whether it is well
unit_files  what the service manager, udev and the screen are told, as text
install     puts those files in place, and takes them away again
commands    install-service and remove-service
"""
