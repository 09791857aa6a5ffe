"""Tax that is withheld from commissions: the schedule, the persons, the month's list."""
