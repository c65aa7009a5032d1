"""OpenAI's Responses API without its state: read as a chat, written as a response."""
