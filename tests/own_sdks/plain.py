"""An agent that has never heard of Pawl."""
import sys

import openai

said = openai.OpenAI().chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "hi"}])
print(sys.argv[1:], said.choices[0].message.content)
sys.exit(7)
