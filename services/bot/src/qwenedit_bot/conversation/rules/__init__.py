"""Every rule of the conversation, as pure functions: `(draft, event) -> (draft, action)`."""
