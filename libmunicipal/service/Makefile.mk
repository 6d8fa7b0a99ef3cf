# service: desks, inquiries, incidents, problems, changes, releases, applications.
