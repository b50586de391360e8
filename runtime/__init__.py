"""Running a document: scheduler, kept results, run folders and their files, events, devices."""
