"""The control API, by which tests act as people and look at chats."""
