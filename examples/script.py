"""A script: ask, stream, and see why something is refused."""

from __future__ import annotations

import sys

from zdr_router import Refused, Router


def main(prompt: str) -> None:
    """Ask once whole, once streamed, and once for something that no configuration covers."""
    messages = [{"role": "user", "content": prompt}]
    with Router.from_config("zdr.yaml") as router:
        answer = router.chat(model="assistant", messages=messages, max_tokens=12, temperature=0)
        print(answer.text)
        print("answered by", answer.metadata.target, "in", round(answer.metadata.duration_ms), "ms")

        with router.stream_chat(model="assistant", messages=messages, max_tokens=12) as stream:
            for chunk in stream:
                for choice in chunk["choices"]:
                    print(choice["delta"].get("content") or "", end="", flush=True)
        print()

        try:
            router.chat(model="assistant", messages=messages, store=True)
        except Refused as refused:
            print("refused:", *(f"{each.id} {each.sentence}" for each in refused.refusals), sep="\n  ")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "The three primary colours are")
