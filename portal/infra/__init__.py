"""What every slice stands on: database, pages, guards, tickets, files, mail, languages."""
