"""What a person does about their own account: language, privacy, payments."""
