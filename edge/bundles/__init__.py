"""What the hub told this unit, and who this unit is: kept in the database, believed if signed."""
