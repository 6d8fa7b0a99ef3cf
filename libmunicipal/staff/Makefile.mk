# staff: organisation units, people, posts, accounts, roles; the sync.
