"""How a question of a conversation is read: what went before, what it may mean, whether there is anything to answer."""
