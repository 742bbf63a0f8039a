"""What clients ask: a path, a body and how a good reply ends, in the dialects of clients."""
import json

SYSTEM = "You are a helpful assistant who answers briefly."
QUESTION = "Say something nice about the weather in Amsterdam today, in a few words."
TURN = "The quick brown fox said: \"jump over\" the lazy dog,\nand so it did. " * 15


def turns(size):
    """A conversation that ends with a question of the user's; with a size, its history is about that long."""
    messages, n = [], 0
    while n < size - 200:
        messages.append({"role": "assistant" if len(messages) % 2 else "user", "content": TURN})
        n += len(json.dumps(messages[-1])) + 2
    if len(messages) % 2:
        messages.append({"role": "assistant", "content": "Yes."})
    return messages + [{"role": "user", "content": QUESTION}]


def chat(size):
    return {"max_tokens": 256, "temperature": 0.7, "messages": [{"role": "system", "content": SYSTEM}] + turns(size)}


def messages(size):
    return {"max_tokens": 256, "temperature": 0.7, "system": SYSTEM, "messages": turns(size)}


class Front:
    """A dialect of clients."""

    def __init__(self, path, body, last, headers):
        self.path, self.body, self.last, self.headers = path, body, last, headers

    def text(self, model, stream, size=0):
        body = {"model": model, **self.body(size)}
        return json.dumps({**body, "stream": True} if stream else body)

    def end(self, stream):
        """What stands among the last bytes of a good reply."""
        return self.last if stream else "}"


FRONTS = {
    "chat": Front("/v1/chat/completions", chat, "[DONE]", ["Authorization: Bearer sk-of-the-client"]),
    "messages": Front("/v1/messages", messages, "message_stop",
                      ["x-api-key: sk-of-the-client", "anthropic-version: 2023-06-01"]),
}
