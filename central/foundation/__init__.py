"""The ground floor: database, web, people. It knows no feature."""
